/**
 * Times the three-layer BLOCK model on every backend, with classical solvers beside it.
 *
 *     npm run bench
 *     npm run bench -- --sizes 9,32 --seconds 5 --backends webasm
 */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import * as E from 'fp-ts/Either'
import { backendNames, isBackendName } from '../runtime/backends/error'
import { read, show as showFault } from '../runtime/checkpoint/checkpoint'
import { packageRoot } from '../runtime/package/root'
import { kappaOf } from '../spec/family'
import { run } from './run'
import { show } from './table'

interface Options {
  readonly out: string
  readonly sizes: readonly number[]
  readonly batch: number
  readonly seconds: number
  readonly backends: readonly string[]
  readonly model: string
  readonly quick: boolean
}

const root = packageRoot()

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

const backendList = (text: string): readonly string[] => {
  const names = text.split(',')
  const unknown = names.find((name) => !isBackendName(name))
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${backendNames.join(', ')}`)
  return names
}

const command = new Command('npm run bench --')
  .description(
    'Times forward, VJP and training step (Adam) of the three-layer BLOCK model by backend, the polynomial that solving ' +
      'uses, and classical solvers beside it. Prints a table and writes every figure as JSON; progress goes to stderr.'
  )
  .option('--out <FILE>', 'where the figures go, as JSON', 'bench/results.json')
  .option('--sizes <LIST>', 'unknowns of a system', (text) => text.split(',').map(whole), [4, 9, 16, 32, 64])
  .option('--batch <COUNT>', 'systems in one call', whole, 1000)
  .option('--seconds <TIME>', 'time for the samples of one cell', positive, 2)
  .option('--backends <LIST>', 'backends; those that do not work here are named', backendList, [
    'wasm',
    'cpu',
    'webasm',
    'webgpu'
  ])
  .option('--model <FILE>', 'the checkpoint to time', 'checkpoints/block-linear-3.safetensors')
  .option('--quick', 'N = 9 alone and short times: a try-out, not a measurement', false)
  .addHelpText('after', '\nExample:\n  npm run bench -- --sizes 9,32 --backends webasm --seconds 5')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const main = async (): Promise<number> => {
  const options = command.parse().opts<Options>()
  const checkpoint = await read(path.resolve(root, options.model))()
  if (E.isLeft(checkpoint)) {
    console.error(showFault(checkpoint.left))
    return 6
  }
  const { model, weights, recipe } = checkpoint.right
  const quick = options.quick ? { sizes: [9], batch: 10, seconds: 0.05 } : {}
  const results = await run({
    model,
    weights,
    kappa: (recipe === null ? null : kappaOf(recipe.valid))?.high ?? 5,
    sizes: options.sizes,
    batch: options.batch,
    seconds: options.seconds,
    backends: options.backends.filter(isBackendName),
    say: (line) => console.error(line),
    ...quick
  })
  const out = path.resolve(process.cwd(), options.out)
  await mkdir(path.dirname(out), { recursive: true })
  await writeFile(out, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`${show(results)}\n\nEvery figure: ${options.out}`)
  return results.cells.length === 0 ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main()
