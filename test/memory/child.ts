/**
 * Measures the memory of this process, `node --expose-gc child.ts WHAT`, and prints the figures as JSON:
 *
 *     peak     bytes that a plan was predicted to take, and by how much the process grew when it ran
 *     calls    bytes in use after 1,000 calls of a program and after 11,000
 *     solves   the same for a solver
 *     dataset  the most bytes that the process had when a small dataset was written and read, and then one of `bytes` bytes
 *     batch    the most bytes that the process had when 10,000 systems of 64 unknowns were solved in one call
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { byHand } from '../../codegen/by-hand'
import { plan } from '../../codegen/compile'
import * as X from '../../codegen/expr'
import { peakBytes } from '../../codegen/peak'
import { schedule } from '../../codegen/schedule'
import { open } from '../../runtime/backends/open'
import type { Arrays } from '../../runtime/backends/runtime'
import { openDataset, verify } from '../../runtime/data/dataset'
import { writeDataset } from '../../runtime/data/write'
import { key } from '../../runtime/random/key'
import { solver } from '../../runtime/solve/solve'
import { initialise } from '../../runtime/weights/initialise'
import { Family, Zoo } from '../../spec'
import { right, typed } from '../support/right'
import { normals, spd } from '../support/systems'

const collect = (): void => {
  if (globalThis.gc === undefined) throw new Error('internal: start this with --expose-gc')
  // What a finalizer lets go is collected by the next round.
  for (let k = 0; k < 3; k++) globalThis.gc()
}

const inUse = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const float32 = (arrays: Readonly<Record<string, Float64Array>>): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Float32Array.from(array)]))

/** `u = 2 a`, `v = u + a`, `w = v u`, `y = w + v`, `s_i = sum_j y_ij`: five values of which three live at once at most. */
const chain = (rows: number, columns: number) => {
  const [i, j] = [X.index('i', rows), X.index('j', columns)]
  const [a, u, v, w, y] = ['a', 'u', 'v', 'w', 'y'].map((name) => X.tensor(name)(i, j)) as X.Expr[]
  return byHand({
    name: 'chain',
    inputs: [{ name: 'a', role: 'data', dims: [rows, columns] }],
    equations: [
      { defines: 'u', over: [i, j], value: X.multiply(2, a!) },
      { defines: 'v', over: [i, j], value: X.add(u!, a!) },
      { defines: 'w', over: [i, j], value: X.multiply(v!, u!) },
      { defines: 'y', over: [i, j], value: X.add(w!, v!) },
      { defines: 's', over: [i], value: X.sum([j], y!) }
    ],
    outputs: ['s']
  })
}

const peak = async (): Promise<unknown> => {
  const runtime = right(await open('wasm', { threads: 1 })())
  const planned = (rows: number, columns: number) => right(schedule(runtime.target, {})(chain(rows, columns)))
  const run = async (rows: number, columns: number): Promise<number> => {
    const executable = right(await runtime.compile(planned(rows, columns))())
    const a = new Float32Array(rows * columns).fill(1)
    collect()
    const before = process.memoryUsage().rss
    const { s } = right(await executable.run({ a })())
    if (s?.[rows - 1] !== 9 * columns) throw new Error(`internal: the sum is ${s?.[rows - 1]}`)
    return process.memoryUsage().rss - before
  }
  await run(4, 4)
  const [rows, columns] = [2000, 6000]
  return { predicted: peakBytes(planned(rows, columns)), grown: await run(rows, columns) }
}

/** Bytes in use after the first thousand turns, and after ten thousand more. */
const overCalls = async (turn: () => Promise<void>): Promise<unknown> => {
  for (let k = 0; k < 1000; k++) await turn()
  const before = inUse()
  for (let k = 0; k < 10_000; k++) await turn()
  return { before, after: inUse() }
}

const calls = async (): Promise<unknown> => {
  const [model, n, batch] = [typed(Zoo.blockLinear({ layers: 2 })), 9, 16]
  const runtime = right(await open('wasm')())
  const executable = right(
    await runtime.compile(right(plan(runtime.target, { _tag: 'forward' }, model, { n, batch })))()
  )
  right(executable.load(float32(initialise(model, n, key(1)))))
  const data = float32({ A: normals(1, batch * n * n), b: normals(2, batch * n) })
  return overCalls(async () => {
    right(await executable.run(data)())
  })
}

const solves = async (): Promise<unknown> => {
  const [own, n] = [solver('wasm'), 4]
  const system = { n, A: spd(3, n, 4).A, b: normals(4, n) }
  const turn = async (): Promise<void> => {
    if (right(await own.solve(system)()).status !== 'certified') throw new Error('internal: not certified')
  }
  const figures = await overCalls(turn)
  await own.close()
  return figures
}

const dataset = async (): Promise<unknown> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-memory-'))
  const [n, family] = [16, Family.diffusion({ sizes: 16 })]
  const most = (): number => process.resourceUsage().maxRSS * 1024
  const wrote = async (count: number): Promise<number> => {
    const written = right(await writeDataset(folder, { family, seed: 1, count, n, dtype: 'float64', force: true })())
    const opened = right(await openDataset(folder)())
    right(await verify(opened)())
    for (let s = 0; s + 64 <= count; s += 64) right(await opened.read(Array.from({ length: 64 }, (_, k) => s + k))())
    await opened.close()
    return written._tag === 'written' ? written.manifest.files['A.npy'].bytes : 0
  }
  try {
    await wrote(8000)
    const before = most()
    const bytes = await wrote(64_000)
    return { before, after: most(), bytes }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const batch = async (): Promise<unknown> => {
  const [n, systems, different] = [64, 10_000, 16]
  const [A, b] = [new Float64Array(systems * n * n), normals(5, systems * n)]
  for (let k = 0; k < systems; k++) {
    A.set(
      k < different ? spd(k + 6, n, 5).A : A.subarray((k % different) * n * n, (k % different) * n * n + n * n),
      k * n * n
    )
  }
  const own = solver('wasm')
  const solutions = right(await own.solveBatch({ n, batch: systems, A, b })())
  const certified = solutions.filter(({ status }) => status === 'certified').length
  await own.close()
  return { certified, most: process.resourceUsage().maxRSS * 1024 }
}

const ways: Readonly<Record<string, () => Promise<unknown>>> = { peak, calls, solves, dataset, batch }

const way = ways[process.argv[2] ?? '']
if (way === undefined) throw new Error(`internal: one of ${Object.keys(ways).join(', ')} is measured`)
console.log(JSON.stringify(await way()))
