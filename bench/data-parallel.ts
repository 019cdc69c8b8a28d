/**
 * Times one training step by how its work is shared: on one thread; with the work inside kernels dealt out to threads; and
 * data-parallel, a share of the batch for each thread. Rounds alternate, so that all meet the same weather.
 *
 *     npm run bench:parallel
 *     npm run bench:parallel -- --n 32 --width 128 --blocks 4 --batch 64 --threads 2 --rounds 9
 */
import { Command, InvalidArgumentError } from 'commander'
import * as E from 'fp-ts/Either'

import { adamW } from '../codegen/rules/optimiser'
import { open } from '../runtime/backends/open'
import * as Key from '../runtime/random/key'
import { stepOperations } from '../runtime/reproduce/cost'
import { timingOf } from '../runtime/reproduce/stopwatch'
import { draw } from '../runtime/sample/draw'
import type { Stepper } from '../runtime/train/machine'
import { onDevice } from '../runtime/train/on-device'
import { onThreads } from '../runtime/train/on-threads'
import { initialise } from '../runtime/weights/initialise'
import { Family, Infer, Zoo } from '../spec'

interface Options {
  readonly n: number
  readonly width: number
  readonly blocks: number
  readonly batch: number
  readonly threads: number
  readonly rounds: number
  readonly json: boolean
}

const whole = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0')
  return value
}

const command = new Command('npm run bench:parallel --')
  .description('Times a training step (AdamW, clipped) of an Algebraformer on wasm, alone and on several threads.')
  .option('--n <SIZE>', 'unknowns of a system', whole, 16)
  .option('--width <COUNT>', 'numbers of a token', whole, 128)
  .option('--blocks <COUNT>', 'blocks', whole, 4)
  .option('--batch <COUNT>', 'systems of a batch', whole, 64)
  .option('--threads <COUNT>', 'threads', whole, 2)
  .option('--rounds <COUNT>', 'steps of each, after two to warm up', whole, 9)
  .option('--json', 'print one JSON value instead of text', false)
  .addHelpText('after', '\nExample:\n  npm run bench:parallel -- --width 128 --batch 64 --threads 2')

const got = <L extends { readonly message: string } | string, A>(e: E.Either<L, A>): A => {
  if (E.isRight(e)) return e.right
  throw new Error(typeof e.left === 'string' ? e.left : e.left.message)
}

const main = async (): Promise<void> => {
  const o = command.parse().opts<Options>()
  const model = Zoo.algebraformer({ n: o.n, width: o.width, blocks: o.blocks, heads: 4 })
  const typed = got(E.mapLeft(Infer.show)(Infer.infer(model)))
  const optimiser = { ...adamW(0.01), clip: 1 }
  const first = initialise(typed, o.n, Key.key(1), 1)
  const runtime = async (threads: number) => got(await open('wasm', { threads })())
  const ways: Readonly<Record<string, Stepper>> = {
    'one thread': onDevice(await runtime(1), typed, optimiser, first),
    [`kernels on ${o.threads} threads`]: onDevice(await runtime(o.threads), typed, optimiser, first),
    [`shares on ${o.threads} threads`]: got(await onThreads(await runtime(1), o.threads, typed, optimiser, first))
  }
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]))
  for (let round = -2; round < o.rounds; round++) {
    const systems = draw(Family.spd({ kappa: 100, sizes: o.n }), Key.fold(Key.key(2), round + 2), o)
    for (const [name, { step }] of Object.entries(ways)) {
      const begun = performance.now()
      got(await step(systems, 1e-4))
      if (round >= 0) times[name]!.push(performance.now() - begun)
    }
  }
  for (const { close } of Object.values(ways)) await close()
  const operations = got(stepOperations(typed, o))
  const medians = Object.entries(times).map(([name, all]) => ({ name, ms: timingOf(all).median, all }))
  const [alone] = medians
  const rows = medians.map(({ name, ms, all }) => ({
    name,
    milliseconds: ms,
    gigaflops: operations / ms / 1e6,
    ratio: timingOf(all.map((time, round) => alone!.all[round]! / time)).median,
    all
  }))
  if (o.json) return console.log(JSON.stringify({ model: model.name, ...o, operations, rows }, null, 2))
  console.log(
    `${model.name}, batch ${o.batch}: ${operations.toExponential(2)} operations a step; medians of ${o.rounds}\n`
  )
  for (const { name, milliseconds, gigaflops, ratio } of rows) {
    const [ms, speed, times] = [milliseconds.toFixed(1), gigaflops.toFixed(1), ratio.toFixed(2)]
    console.log(`${name.padEnd(24)} ${ms.padStart(8)} ms  ${speed.padStart(5)} GFLOP/s  ${times}x of one thread`)
  }
}

await main()
