/** Every cell of the table, one after the other. */
import { cpus, loadavg } from 'node:os'
import * as E from 'fp-ts/Either'
import type { BackendName } from '../runtime/backends/error'
import { open } from '../runtime/backends/open'
import { probe } from '../runtime/backends/probe'
import type { Runtime } from '../runtime/backends/runtime'
import * as Key from '../runtime/random/key'
import { draw } from '../runtime/sample/draw'
import type { Sample } from '../runtime/sample/sample'
import type { Weights } from '../runtime/weights/weights'
import * as F from '../spec/family'
import type { Model } from '../spec/model'
import { classical } from './classical'
import { time } from './measure'
import * as network from './network'
import { batches, choose } from './plan'
import type { Backend, Cell, Gap, Results } from './result'

export interface Settings {
  readonly model: Model
  readonly weights: Weights
  /** Condition number of the systems. */
  readonly kappa: number
  readonly sizes: readonly number[]
  readonly batch: number
  readonly seconds: number
  readonly backends: readonly BackendName[]
  readonly say: (line: string) => void
}

type Prepare = (row: network.Row, systems: Sample) => Promise<network.Prepared>

const machine = (): Results['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  load: loadavg()[0] ?? 0
})

const cell = async (
  at: { readonly what: string; readonly backend: string; readonly systems: Sample },
  call: () => Promise<void> | void,
  seconds: number
): Promise<Cell> => {
  const { what, backend } = at
  const { n, batch } = at.systems
  const timing = await time(`${what} ${backend} ${n}`, call, seconds)
  return { what, backend, n, batch, ...timing, microseconds: (1000 * timing.median) / batch }
}

/** Milliseconds of a warm call, the better of two. */
const trial = async (prepared: network.Prepared): Promise<number> => {
  await prepared.call()
  await prepared.call()
  const times: number[] = []
  for (let k = 0; k < 2; k++) {
    const start = performance.now()
    await prepared.call()
    times.push(performance.now() - start)
  }
  return Math.min(...times)
}

/** The systems of a size, drawn once for the largest batch; a smaller one is its beginning. */
const drawn = (settings: Settings, n: number): ((batch: number) => Sample) => {
  const family = F.spd({ kappa: settings.kappa, sizes: n })
  const all = draw(family, Key.fold(Key.key(1), n), { n, batch: settings.batch })
  return (batch) => ({
    n,
    batch,
    A: all.A.subarray(0, batch * n * n),
    x: all.x.subarray(0, batch * n),
    b: all.b.subarray(0, batch * n)
  })
}

/** One row at one size on one backend: a trial with fewer systems says how many a call may have. */
const measureRow = async (
  row: network.Row,
  backend: string,
  prepare: Prepare,
  systems: (batch: number) => Sample,
  { batch, seconds }: Settings
): Promise<Cell> => {
  const few = batches(batch).find((b) => b <= 10) ?? 1
  const small = await prepare(row, systems(few))
  let chosen: number
  try {
    chosen = choose(batch, { milliseconds: await trial(small), batch: few }, seconds)
  } finally {
    await small.close()
  }
  const large = await prepare(row, systems(chosen))
  try {
    return await cell({ what: row.what, backend, systems: systems(chosen) }, large.call, seconds)
  } finally {
    await large.close()
  }
}

/** The backends that work, opened; those that do not, with the reason. */
const openAll = async (names: readonly BackendName[]) => {
  const runtimes: { readonly label: string; readonly runtime: Runtime }[] = []
  const backends: Backend[] = []
  for (const name of names) {
    const { works, detail } = await probe(name)()
    const opened = works ? await open(name)() : null
    if (opened !== null && E.isRight(opened)) runtimes.push({ label: name, runtime: opened.right })
    backends.push({ name, works, detail })
    // The same texts by gpu.js's own generator of WebAssembly, beside the patched one.
    const patched = opened !== null && E.isRight(opened) && opened.right.patch?.patched === true
    const stock = patched ? await open(name, { stock: true })() : null
    if (stock !== null && E.isRight(stock)) runtimes.push({ label: `${name} stock`, runtime: stock.right })
  }
  return { runtimes, backends }
}

export const run = async (settings: Settings): Promise<Results> => {
  const here = machine()
  const { model, weights, kappa, sizes, batch, seconds, say } = settings
  const { runtimes, backends } = await openAll(settings.backends)
  const [cells, gaps]: [Cell[], Gap[]] = [[], []]
  const interval = { low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) }
  const attempt = async (what: string, backend: string, n: number, measure: () => Promise<Cell>): Promise<void> => {
    try {
      const found = await measure()
      cells.push(found)
      say(`${what}, ${backend}, N = ${n}: ${found.microseconds.toPrecision(3)} us a system, ${found.samples} samples`)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      gaps.push({ what, backend, n, why })
      say(`${what}, ${backend}, N = ${n}: ${why}`)
    }
  }
  const places: readonly { readonly backend: string; readonly prepare: Prepare }[] = [
    ...runtimes.map(({ label, runtime }) => ({ backend: label, prepare: network.onBackend(runtime) })),
    { backend: 'float64', prepare: network.onJavaScript }
  ]
  try {
    for (const n of sizes) {
      const systems = drawn(settings, n)
      for (const row of network.rows(model, weights, interval)) {
        for (const { backend, prepare } of places) {
          await attempt(row.what, backend, n, () => measureRow(row, backend, prepare, systems, settings))
        }
      }
      for (const { what, backend, prepare } of classical) {
        const all = systems(batch)
        await attempt(what, backend, n, () => cell({ what, backend, systems: all }, prepare(all), seconds))
      }
    }
  } finally {
    for (const { runtime } of runtimes) await runtime.close()
  }
  return { machine: here, model: model.name, batch, seconds, backends, cells, gaps }
}
