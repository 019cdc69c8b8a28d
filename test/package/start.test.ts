/** A first answer comes fast because little is read for it: which sources and packages, by the engine's own account. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { build } from '../../runtime/package/build'
import { packageRoot } from '../../runtime/package/root'

const root = packageRoot()
mkdirSync(path.join(root, '.scratch'), { recursive: true })
const home = mkdtempSync(path.join(root, '.scratch/start-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true }))

const dist = path.join(home, 'dist')
const { sources } = await build(dist, { declarations: false })
for (const file of ['package.json', 'checkpoints', 'examples/systems']) {
  cpSync(path.join(root, file), path.join(home, file), { recursive: true })
}

interface Script {
  readonly url: string
  readonly functions: readonly {
    readonly functionName: string
    readonly ranges: readonly { readonly count: number }[]
  }[]
}

interface Ran {
  readonly out: string
  /** Sources in the files that were read, packages among them. */
  readonly read: readonly string[]
  /** Functions of those files that were called, by name. */
  readonly called: ReadonlySet<string>
}

/** Runs Node in the package, and asks V8's coverage what it read and called. */
const run = (...args: readonly string[]): Ran => {
  const coverage = mkdtempSync(path.join(home, 'coverage-'))
  const env = { ...process.env, NODE_V8_COVERAGE: coverage }
  const ran = spawnSync(process.execPath, args, { cwd: home, env, encoding: 'utf8', timeout: 120_000 })
  if (ran.status !== 0) throw new Error(`internal: ${args.join(' ')}: ${ran.stderr}`)
  const scripts = readdirSync(coverage).flatMap(
    (file) =>
      (JSON.parse(readFileSync(path.join(coverage, file), 'utf8')) as { readonly result: readonly Script[] }).result
  )
  const own = scripts.filter(
    ({ url }) => url.startsWith('file:') && fileURLToPath(url).startsWith(`${dist}${path.sep}`)
  )
  return {
    out: ran.stdout,
    read: own.flatMap(({ url }) => sources[path.relative(dist, fileURLToPath(url))] ?? []),
    called: new Set(
      own.flatMap(({ functions }) =>
        functions.filter(({ ranges }) => ranges.some(({ count }) => count > 0)).map(({ functionName }) => functionName)
      )
    )
  }
}

/** Nobody waits for these before the first answer of a small system on the processor. */
const needless = [
  'node_modules/gpu.js/',
  'node_modules/cli-progress/',
  'node_modules/zod/',
  'node_modules/simple-ascii-chart/',
  'runtime/gpujs/',
  'runtime/webgpu/',
  'runtime/wgsl/',
  'runtime/report/',
  'runtime/reproduce/'
]
const needlessToSolve = [
  'runtime/ladder/',
  'runtime/spectral/',
  'runtime/evaluate/',
  'runtime/sample/',
  'runtime/train/train.ts',
  'runtime/guarantee/guarantee.ts',
  'runtime/checkpoint/card.ts',
  'codegen/show/',
  'codegen/targets/wgsl/'
]

const among = (read: readonly string[], folders: readonly string[]): readonly string[] =>
  read.filter((file) => folders.some((folder) => file.includes(folder)))

test('ansatz solve of nine unknowns reads what solves it, and no more', (t) => {
  const { out, read, called } = run('dist/ansatz.js', 'solve', 'examples/systems/grid.mtx')
  t.match(out, /status +certified/, 'certified')
  t.match(out, /backend +interpreter /, 'by the interpreter')
  t.ok(read.includes('runtime/interpreter/interpret.ts'), 'which is read')
  const compiler = ['codegen/', 'runtime/wasm/', 'runtime/javascript/', 'runtime/solve/compiled.ts']
  t.deepEqual(among(read, compiler), [], 'and no compiler')
  t.ok(called.has('entries') && !called.has('makeOp'), 'nor does ndarray-ops make its functions')
  t.deepEqual(among(read, [...needless, ...needlessToSolve]), [], 'nothing needless is')
  const commands = among(read, ['runtime/cli/commands/'])
  t.deepEqual(
    commands.filter((file) => !/\/solve(?:-report)?\.ts$/.test(file)),
    [],
    'of the commands, the one that runs'
  )
  t.end()
})

test('a backend that is named for it is read, and its compiler', (t) => {
  const { out, read } = run('dist/ansatz.js', 'solve', 'examples/systems/grid.mtx', '--backend', 'wasm')
  t.match(out, /backend +wasm /, 'our own WebAssembly')
  t.ok(read.includes('runtime/wasm/runtime.ts') && read.includes('codegen/compile.ts'), 'is read')
  t.deepEqual(among(read, [...needless, ...needlessToSolve, 'runtime/interpreter/']), [], 'and nothing needless')
  t.end()
})

test('the library answers without what its commands and other backends need', (t) => {
  writeFileSync(
    path.join(home, 'first.mjs'),
    `import { solveAsync } from './dist/index.js'
const { status, backend } = await solveAsync({ A: [[4, 1], [1, 3]], b: [1, 2] })
console.log(status, backend?.name)\n`
  )
  const { out, read } = run('first.mjs')
  t.equal(out.trim(), 'certified interpreter')
  t.deepEqual(among(read, [...needless, 'runtime/wasm/runtime.ts', 'node_modules/commander/', 'runtime/cli/']), [])
  t.end()
})

test('a kept plan runs without the compiler that made it', (t) => {
  const keep = `import { openBackend, plan, spec } from './dist/index.js'
import { writeFileSync } from 'node:fs'
const typed = spec.Infer.infer(spec.Zoo.blockLinear({ layers: 2 })).right
const { target } = (await openBackend('wasm')()).right
writeFileSync('plan.json', JSON.stringify(plan(target, { _tag: 'forward' }, typed, { n: 2, batch: 16 }).right))\n`
  const kept = `import { openBackend } from './dist/backends.js'
import { readFileSync } from 'node:fs'
const given = JSON.parse(readFileSync('plan.json', 'utf8'))
const executable = (await (await openBackend('wasm')()).right.compile(given)()).right
const ones = (dims) => new Float32Array(dims.reduce((p, q) => p * q, 1)).fill(0.125)
const values = (role) => Object.fromEntries(given.inputs.filter((i) => (i.role === 'data') === role).map((i) => [i.name, ones(i.dims)]))
executable.load(values(false))
const { x } = (await executable.run(values(true))()).right
console.log(x.length, x.every(Number.isFinite))\n`
  writeFileSync(path.join(home, 'keep.mjs'), keep)
  writeFileSync(path.join(home, 'kept.mjs'), kept)
  run('keep.mjs')
  const { out, read } = run('kept.mjs')
  t.equal(out.trim(), '32 true', 'answers')
  const compiler = [
    'codegen/rules/',
    'codegen/lower',
    'codegen/compile.ts',
    'codegen/optimise.ts',
    'spec/zoo/',
    'spec/infer.ts'
  ]
  const others = ['runtime/solve/', 'runtime/interpreter/', 'runtime/checkpoint/', 'runtime/weights/']
  t.deepEqual(among(read, [...needless, ...needlessToSolve, ...compiler, ...others]), [])
  t.end()
})

test('the command line starts no program, and reads nothing of Node that could', (t) => {
  const listing = `process.on('exit', () => console.error(process.moduleLoadList.join()))\n`
  writeFileSync(path.join(home, 'listing.cjs'), listing)
  const args = ['--require', './listing.cjs', 'dist/ansatz.js', 'solve', 'examples/systems/grid.mtx']
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8', timeout: 120_000 })
  t.equal(status, 0, 'it solves')
  const modules = stderr.split(',')
  t.ok(modules.includes('NativeModule fs'), 'modules are listed')
  t.notOk(modules.includes('NativeModule child_process'), 'child_process is none of them')
  t.end()
})

test('looking at the help reads no command', (t) => {
  const { read } = run('dist/ansatz.js', '--help')
  t.deepEqual(among(read, ['runtime/cli/commands/', 'runtime/solve/', 'codegen/']), [])
  t.end()
})
