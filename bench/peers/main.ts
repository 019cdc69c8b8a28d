/**
 * The same work, side by side, by Ansatz and by what else a user could pick.
 *
 *     npm run bench:peers:install && npm run bench:peers
 *     npm run bench:peers -- --only systems --sizes 9,32 --against numpy,ml-matrix
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'

import { entries } from './contestants'
import { run } from './run'
import { allRight, show } from './table'
import type { Case, WorkloadName } from './workload'
import { block } from './workloads/block'
import { contraction } from './workloads/contraction'
import { systems } from './workloads/systems'
import { training, transformer } from './workloads/transformer'

const workloads: readonly WorkloadName[] = ['contraction', 'systems', 'block', 'transformer', 'training']
const home = path.dirname(fileURLToPath(import.meta.url))

interface Options {
  readonly only: readonly WorkloadName[]
  readonly sizes: readonly number[]
  readonly against?: readonly string[]
  readonly threads: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly json: string
  readonly python: string
  readonly data?: string
  readonly clock: 'wall' | 'cpu'
  readonly quick: boolean
}

const whole = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0')
  return value
}

const positive = (text: string): number => {
  const value = Number(text)
  if (!(value > 0 && value < 3600)) throw new InvalidArgumentError('expected seconds above 0, such as 2.5')
  return value
}

const wholes = (text: string): readonly number[] => text.split(',').map(whole)

const workloadList = (text: string): readonly WorkloadName[] =>
  text.split(',').map((name) => {
    const found = workloads.find((w) => w === name)
    if (found === undefined) throw new InvalidArgumentError(`${name} is none of ${workloads.join(', ')}`)
    return found
  })

/** Contestants by the beginning of a name: `ours` is all of ours. */
const contestantList = (text: string): readonly string[] =>
  text.split(',').map((wish) => {
    if (!entries.some(({ name }) => name.startsWith(wish))) {
      throw new InvalidArgumentError(`${wish} begins none of ${entries.map(({ name }) => name).join(', ')}`)
    }
    return wish
  })

const command = new Command('npm run bench:peers --')
  .description(
    'Times a dense contraction, batches of small systems, a BLOCK network and a transformer forward and trained, by Ansatz and by others: ' +
      'each in a process of its own, in turns, after its answer was checked. Prints tables of ratios and writes every figure ' +
      'as JSON; progress goes to stderr where that is a terminal.'
  )
  .option('--only <LIST>', `of ${workloads.join(', ')}`, workloadList, workloads)
  .option('--sizes <LIST>', 'unknowns of a small system', wholes, [9, 16, 32, 64, 128])
  .option('--against <LIST>', 'contestants beside ours; all, if left out', contestantList)
  .option('--threads <LIST>', 'threads to try', wholes, [1, 2])
  .option('--rounds <COUNT>', 'rounds of a case', whole, 15)
  .option('--seconds <TIME>', 'time after which no round of a case begins, past the fifth', positive, 20)
  .option('--json <FILE>', 'where the figures go', 'bench/peers/results.json')
  .option('--python <COMMAND>', 'a Python with numpy, scipy, JAX, or some of them', 'python3')
  .option('--data <FOLDER>', 'keeps operands and references there for the next run')
  .addOption(
    new Option('--clock <CLOCK>', 'what ratios are of: cpu is processor time, for a machine that others use too')
      .choices(['wall', 'cpu'])
      .default('wall')
  )
  .option('--quick', 'small sizes and short times: a try-out, not a measurement', false)
  .addHelpText(
    'after',
    '\nExample:\n  npm run bench:peers -- --only systems --sizes 9,32 --against numpy,ml-matrix --python .venv/bin/python'
  )
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const casesOf = async ({ only, sizes, quick }: Options): Promise<readonly Case[]> => {
  const shape = quick
    ? { batch: 2, tokens: 8, width: 16, heads: 2, hidden: 32, blocks: 2 }
    : { batch: 8, tokens: 64, width: 256, heads: 8, hidden: 1024, blocks: 12 }
  const all: Readonly<Record<WorkloadName, () => readonly (Case | Promise<Case>)[]>> = {
    contraction: () => [quick ? contraction(64, 32, 48) : contraction(2048, 256, 1024)],
    systems: () => (quick ? [systems(9, 20)] : sizes.map((n) => systems(n, 1000))),
    block: () => [block(9, quick ? 20 : 1000)],
    transformer: () => [transformer(shape)],
    training: () => [training(shape)]
  }
  return Promise.all(workloads.filter((w) => only.includes(w)).flatMap((w) => all[w]()))
}

/** The texts that operands and references are computed by, as far as they are of this benchmark. */
const sourcesOf = (): readonly string[] =>
  ['workloads', 'reference'].flatMap((folder) =>
    readdirSync(path.join(home, folder))
      .sort()
      .map((file) => readFileSync(path.join(home, folder, file), 'utf8'))
  )

/** One line that is overwritten, on a terminal; nothing elsewhere. */
const sayer = (): { readonly say: (line: string) => void; readonly end: () => void } => {
  if (!process.stderr.isTTY) return { say: () => undefined, end: () => undefined }
  return {
    say: (line) => void process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`),
    end: () => void process.stderr.write('\r\x1b[K')
  }
}

const main = async (): Promise<number> => {
  const options = command.parse().opts<Options>()
  const { against, quick } = options
  const data = options.data ?? mkdtempSync(path.join(tmpdir(), 'ansatz-peers-'))
  mkdirSync(data, { recursive: true })
  const { say, end } = sayer()
  try {
    const results = await run({
      cases: await casesOf(options),
      entries: entries.filter(({ name }) =>
        against === undefined ? true : name.startsWith('ours') || against.some((wish) => name.startsWith(wish))
      ),
      threads: options.threads,
      pace: quick
        ? { warmUp: 10, sample: 1, rounds: 5, limit: 1000 }
        : { warmUp: 300, sample: 20, rounds: options.rounds, limit: 1000 * options.seconds },
      clock: options.clock,
      python: options.python,
      home,
      data: path.resolve(data),
      sources: sourcesOf(),
      say
    })
    end()
    const json = path.resolve(process.cwd(), options.json)
    mkdirSync(path.dirname(json), { recursive: true })
    writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
    console.log(`${show(results)}\n\nEvery figure: ${options.json}`)
    return allRight(results) && results.comparisons.every(({ lines }) => lines.length > 0) ? 0 : 1
  } finally {
    if (options.data === undefined) rmSync(data, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main()
