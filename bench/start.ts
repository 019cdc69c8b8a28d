/**
 * Times what one waits for before a first answer, each time in a fresh process on the built package.
 *
 *     npm run bench:start
 *     npm run bench:start -- --runs 21
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { build } from '../runtime/package/build'
import { packageRoot } from '../runtime/package/root'
import { quantile } from '../runtime/reproduce/stopwatch'

// --- what is timed -----------------------------------------------------------------------------------------------------

/** 1000 systems of nine unknowns through the three-layer network: `compile` gives the plan of it, in `program`. */
const batchProgram = (
  importing: string,
  compile: string
): string => `import { readFileSync, writeFileSync } from 'node:fs'
const begun = performance.now()
${importing}
const imported = performance.now()
const right = (e) => { if (e._tag === 'Left') throw new Error(JSON.stringify(e.left)); return e.right }
const [n, batch] = [9, 1000]
const runtime = right(await openBackend('wasm')())
${compile}
const executable = right(await runtime.compile(program)())
right(executable.load({ 'chebyshev.coefficients': Float32Array.from(coefficients) }))
const compiled = performance.now()
const A = Float32Array.from({ length: batch * n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0.01 * (k % 7)))
const b = new Float32Array(batch * n).fill(1)
const ready = performance.now()
const { x } = right(await executable.run({ A, b })())
const first = performance.now()
right(await executable.run({ A, b })())
const second = performance.now()
if (!x.every(Number.isFinite)) throw new Error('no answers')
console.log(JSON.stringify({
  import: imported - begun,
  compile: compiled - imported,
  'first batch': first - ready,
  'second batch': second - first,
  'import to first batch': compiled - begun + first - ready
}))
process.exit(0)
`

const whole = `const { openBackend, plan, readCheckpoint, spec, specialise } = await import('./dist/index.js')`

const backends = `const { openBackend } = await import('./dist/backends.js')`

const compiling = `const { model, weights } = right(await readCheckpoint('checkpoints/block-linear-3.safetensors')())
const special = right(specialise({ model, weights, low: 0, high: 5 / 3 }))
const program = right(plan(runtime.target, { _tag: 'forward' }, right(spec.Infer.infer(special.model)), { n, batch }))
const coefficients = special.weights['chebyshev.coefficients']`

const keeping = `${compiling}
const keep = (name, kept) => writeFileSync(name, JSON.stringify({ program: kept, coefficients: [...coefficients] }))
keep('kept.json', program)
keep('decided.json', runtime.decided(program))`

const kept = (file: string): string => `const { program, coefficients } = JSON.parse(readFileSync('${file}', 'utf8'))`

/** The transformer of `bench/peers`, 12 blocks of width 256 on 64 tokens: from its spec to a program that can be called. */
const deepProgram = `const { openBackend, plan, spec } = await import('./dist/index.js')
const right = (e) => { if (e._tag === 'Left') throw new Error(JSON.stringify(e.left)); return e.right }
const runtime = right(await openBackend('wasm')())
const begun = performance.now()
const shape = { n: 64, width: 256, heads: 8, hidden: 1024, blocks: 12, gelu: 'tanh' }
const typed = right(spec.Infer.infer(spec.Zoo.algebraformer(shape)))
const program = right(plan(runtime.target, { _tag: 'forward' }, typed, { n: 64, batch: 8 }))
right(await runtime.compile(program)())
console.log(JSON.stringify({ 'spec to runnable': performance.now() - begun }))
process.exit(0)
`

interface Timed {
  readonly what: string
  readonly args: readonly string[]
}

const timed: readonly Timed[] = [
  { what: 'node -e 0', args: ['-e', '0'] },
  { what: 'ansatz --version', args: ['dist/ansatz.js', '--version'] },
  { what: 'ansatz solve grid.mtx (9 unknowns)', args: ['dist/ansatz.js', 'solve', 'examples/systems/grid.mtx'] },
  { what: '1000 systems of 9 unknowns, compiled here', args: ['compiled.mjs'] },
  { what: '1000 systems of 9 unknowns, plan kept as JSON, backends alone', args: ['kept.mjs'] },
  { what: '1000 systems of 9 unknowns, decided plan kept as JSON, backends alone', args: ['decided.mjs'] },
  { what: 'transformer of 12 blocks', args: ['deep.mjs'] }
]

// --- timing ------------------------------------------------------------------------------------------------------------

export interface Figure {
  readonly what: string
  /** Quartiles of the milliseconds. */
  readonly median: number
  readonly lower: number
  readonly upper: number
  readonly runs: number
}

const figure = (what: string, milliseconds: readonly number[]): Figure => {
  const sorted = [...milliseconds].sort((p, q) => p - q)
  const at = (share: number): number => quantile(sorted, share)
  return { what, median: at(0.5), lower: at(0.25), upper: at(0.75), runs: sorted.length }
}

/** The milliseconds of one fresh process, by what they were spent on. */
const once = (home: string, { what, args }: Timed): ReadonlyMap<string, number> => {
  const begun = performance.now()
  const ran = spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8', timeout: 120_000 })
  const whole = performance.now() - begun
  if (ran.status !== 0) throw new Error(`internal: node ${args.join(' ')}: ${ran.stderr}`)
  const inside = ran.stdout.startsWith('{') ? Object.entries(JSON.parse(ran.stdout) as Record<string, number>) : []
  return new Map([[what, whole], ...inside.map(([part, ms]) => [`${what}: ${part}`, ms] as const)])
}

/** Runs every process in turn, so that all see the same load, and again; the first round warms the disk's cache. */
export const measure = (home: string, runs: number, say: (line: string) => void): readonly Figure[] => {
  const found = new Map<string, number[]>()
  for (let round = 0; round <= runs; round++) {
    say(`round ${round} of ${runs}`)
    for (const each of timed) {
      for (const [what, ms] of once(home, each)) {
        if (round > 0) found.set(what, [...(found.get(what) ?? []), ms])
      }
    }
  }
  return [...found].map(([what, milliseconds]) => figure(what, milliseconds))
}

/** The package as it is installed, in a folder of its own. */
export const lay = async (home: string): Promise<void> => {
  const root = packageRoot()
  await build(path.join(home, 'dist'), { declarations: false })
  for (const file of ['package.json', 'checkpoints', 'examples/systems']) {
    cpSync(path.join(root, file), path.join(home, file), { recursive: true })
  }
  writeFileSync(path.join(home, 'compiled.mjs'), batchProgram(whole, compiling))
  writeFileSync(path.join(home, 'kept.mjs'), batchProgram(backends, kept('kept.json')))
  writeFileSync(path.join(home, 'decided.mjs'), batchProgram(backends, kept('decided.json')))
  writeFileSync(path.join(home, 'deep.mjs'), deepProgram)
  writeFileSync(path.join(home, 'keep.mjs'), batchProgram(whole, keeping))
  once(home, { what: 'keeping', args: ['keep.mjs'] })
}

const show = (figures: readonly Figure[]): string => {
  const width = Math.max(...figures.map(({ what }) => what.length))
  const number = (ms: number): string => ms.toFixed(1).padStart(8)
  return [
    `${'Milliseconds'.padEnd(width)}  ${['median', 'lower', 'upper'].map((word) => word.padStart(8)).join('')}`,
    ...figures.map((f) => `${f.what.padEnd(width)}  ${number(f.median)}${number(f.lower)}${number(f.upper)}`)
  ].join('\n')
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '11' } } })
  const runs = Number(values.runs)
  if (!(Number.isInteger(runs) && runs > 0)) throw new RangeError(`--runs expects a whole number, got ${values.runs}`)
  const scratch = path.join(packageRoot(), '.scratch')
  mkdirSync(scratch, { recursive: true })
  const home = mkdtempSync(path.join(scratch, 'start-'))
  try {
    await lay(home)
    const figures = measure(home, runs, (line) => process.stderr.write(`${line}\n`))
    console.log(`A fresh process each time, ${runs} of each, Node ${process.versions.node}\n\n${show(figures)}`)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
