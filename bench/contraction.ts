/**
 * Times one dense contraction, `[m x k] . [k x n]` in float32, on the wasm target: on one thread, on two threads over one
 * memory, and in two processes side by side, which is what two threads could gain at most.
 *
 *     node --import tsx bench/contraction.ts
 *     node --import tsx bench/contraction.ts 512,1024,256
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/Either'

import { byHand } from '../codegen/by-hand'
import * as X from '../codegen/expr'
import { schedule } from '../codegen/schedule'
import { show } from '../codegen/schedules/nest'
import { print, wasm } from '../codegen/targets/wasm/print'
import { engine } from '../runtime/wasm/engine'
import { quantile } from './measure'

type Sizes = readonly [number, number, number]

const file = fileURLToPath(import.meta.url)

const planOf = ([m, k, n]: Sizes) => {
  const [i, j, c] = [X.index('i', m), X.index('j', n), X.index('c', k)]
  const made = schedule(
    wasm,
    {}
  )(
    byHand({
      name: 'contraction',
      inputs: [
        { name: 'A', role: 'data', dims: [m, k] },
        { name: 'B', role: 'parameter', dims: [k, n] }
      ],
      equations: [{ defines: 'C', over: [i, j], value: X.sum([c], X.tensor('A')(i, c), X.tensor('B')(c, j)) }],
      outputs: ['C']
    })
  )
  if (E.isLeft(made)) throw new Error(`internal: ${made.left.reason}`)
  return made.right
}

/** One call, milliseconds. */
type Call = () => Promise<number>

interface Contestant {
  readonly name: string
  readonly call: Call
  readonly close: () => Promise<unknown>
  readonly times: number[]
}

const contestant = async (name: string, sizes: Sizes, threads: number): Promise<Contestant> => {
  const made = await engine(print(planOf(sizes), { threads }))
  made.write(
    'A',
    Float32Array.from({ length: sizes[0] * sizes[1] }, (_, at) => Math.sin(at))
  )
  made.write(
    'B',
    Float32Array.from({ length: sizes[1] * sizes[2] }, (_, at) => Math.cos(at))
  )
  const call = async (): Promise<number> => {
    const from = performance.now()
    await made.run([])
    return performance.now() - from
  }
  for (let warm = 0; warm < 3; warm++) await call()
  return { name, call, close: made.destroy, times: [] }
}

/** A process that makes calls when told to. */
const serve = async (sizes: Sizes): Promise<void> => {
  const own = await contestant('', sizes, 1)
  process.on('message', async () => {
    await own.call()
    process.send?.('done')
  })
  process.send?.('ready')
}

const message = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('message', resolve))

/** Two processes, a call each at the same time; a call counts as half of what both take. */
const processes = async (sizes: Sizes): Promise<Contestant> => {
  const children = [0, 1].map(() => fork(file, ['serve', sizes.join(',')], { execArgv: ['--import', 'tsx'] }))
  await Promise.all(children.map(message))
  const call = async (): Promise<number> => {
    const done = children.map(message)
    const from = performance.now()
    for (const child of children) child.send('go')
    await Promise.all(done)
    return (performance.now() - from) / 2
  }
  for (let warm = 0; warm < 3; warm++) await call()
  const close = async () => children.map((child) => child.disconnect())
  return { name: 'two processes', call, close, times: [] }
}

const rounds = 41

const main = async (sizes: Sizes): Promise<void> => {
  const [m, k, n] = sizes
  const nest = print(planOf(sizes)).schedule.kernels[0]?.regions[0]?.nest
  console.log(`[${m} x ${k}] . [${k} x ${n}], float32: ${nest === undefined ? '' : show(nest)}`)
  const all = [
    await contestant('one thread', sizes, 1),
    await contestant('two threads', sizes, 2),
    await processes(sizes)
  ]
  // Each round times all of them, so that what else the machine does meets them alike.
  for (let round = 0; round < rounds; round++) for (const each of all) each.times.push(await each.call())
  const median = (c: Contestant | undefined): number => quantile(c?.times ?? [], 0.5)
  for (const each of all) {
    const rate = (2e-6 * m * k * n) / median(each)
    const best = (2e-6 * m * k * n) / Math.min(...each.times)
    console.log(
      `${each.name.padEnd(14)} ${median(each).toFixed(2)} ms  ${rate.toFixed(1)} GFLOP/s, at best ${best.toFixed(1)}`
    )
  }
  const [one, two, both] = all
  const gain = (c: Contestant | undefined): number => median(one) / median(c)
  console.log(
    `two threads gain ${gain(two).toFixed(2)}, two processes ${gain(both).toFixed(2)}: ratio ${(gain(two) / gain(both)).toFixed(2)}`
  )
  for (const each of all) await each.close()
}

if (process.argv[1] === file) {
  const given = process.argv.slice(2).find((word) => word.includes(','))
  const sizes = (given ?? '2048,256,1024').split(',').map(Number) as unknown as Sizes
  await (process.argv[2] === 'serve' ? serve(sizes) : main(sizes))
}
