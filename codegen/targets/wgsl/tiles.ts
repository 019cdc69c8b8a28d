/** Contractions through workgroup memory: which launches are, and with which tiles. */

import * as X from '../../expr'
import type { Plan } from '../../plan'
import { type Contraction, contractions } from '../../schedules/contraction'
import { hasLoop } from '../emit'
import { bindings } from './arrange'
import { isBare, joins, kernelAt, type Uses } from './group'
import type { Limits } from './program'
import { extentsOf, product } from './text'

/** A tile of the output a workgroup, `rm x rn` numbers an invocation, `k` terms at a time through workgroup memory. */
export interface Tile {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly rm: number
  readonly rn: number
}

export interface Tiled {
  readonly _tag: 'tiled'
  readonly launch: number
  /** The last of the launches after it that are computed element by element where its numbers are stored. */
  readonly last: number
  readonly tile: Tile
  /** Sizes of the contraction: batch, rows, columns, terms. */
  readonly sizes: { readonly batch: number; readonly m: number; readonly n: number; readonly k: number }
  readonly width: number
  readonly groups: number
  /** Multiplications that the tiles do, those beyond the edges included. */
  readonly padded: number
}

/** From large to small; numbers of one invocation's row are a multiple of 4. */
export const tiles: readonly Tile[] = [
  { m: 128, n: 128, k: 8, rm: 8, rn: 8 },
  { m: 64, n: 64, k: 16, rm: 4, rn: 4 },
  { m: 32, n: 64, k: 16, rm: 4, rn: 4 },
  { m: 64, n: 32, k: 16, rm: 4, rn: 4 },
  { m: 32, n: 32, k: 16, rm: 4, rn: 4 },
  { m: 16, n: 32, k: 16, rm: 2, rn: 4 },
  { m: 32, n: 16, k: 16, rm: 2, rn: 4 }
]

const sizeOf = (axes: Contraction['m']): number => product(axes.map((a) => a.size))

/** The only contraction of a launch, with nothing but arithmetic around it. */
export const soleContraction = (plan: Plan, at: number): Contraction | null => {
  const k = kernelAt(plan, at)
  const [only, ...others] = contractions(k, plan.sizes)()
  if (only === undefined || others.length > 0 || !isBare(k.value, only.sum)) return null
  return [only.left, only.right].some((o) => hasLoop(o.value)) ? null : only
}

/** Fewer rows or columns than this are no tile. */
const least = 8

export const withTile = (plan: Plan, at: number, tile: Tile, limits: Limits): Tiled | null => {
  const found = soleContraction(plan, at)
  if (found === null) return null
  const sizes = { batch: sizeOf(found.batch), m: sizeOf(found.m), n: sizeOf(found.n), k: sizeOf(found.k) }
  const width = (tile.m / tile.rm) * (tile.n / tile.rn)
  const bytes = 4 * tile.k * (tile.m + tile.n)
  if (width > limits.invocations || bytes > limits.workgroupBytes) return null
  const groups = sizes.batch * Math.ceil(sizes.m / tile.m) * Math.ceil(sizes.n / tile.n)
  const padded = groups * tile.m * tile.n * Math.ceil(sizes.k / tile.k) * tile.k
  return { _tag: 'tiled', launch: at, last: at, tile, sizes, width, groups, padded }
}

export const tilesOf = (plan: Plan, at: number, limits: Limits): Tiled | null => {
  const found = soleContraction(plan, at)
  if (found === null || sizeOf(found.m) < least || sizeOf(found.n) < least || sizeOf(found.k) < least) return null
  const all = tiles.flatMap((tile) => withTile(plan, at, tile, limits) ?? [])
  const price = (t: Tiled): number =>
    t.padded * (1 + 8 / t.tile.rm / t.tile.rn + (t.groups < 256 ? 256 / t.groups / 4 : 0))
  return all.length === 0 ? null : all.reduce((p, q) => (price(q) < price(p) ? q : p))
}

/** The step with every number of launches up to `last`: those that need of each other only the same element. */
export const extended = (plan: Plan, uses: Uses, tiled: Tiled, limits: Limits): readonly Tiled[] => {
  const made: Tiled[] = []
  const extents = extentsOf(plan, kernelAt(plan, tiled.launch).over)
  for (let last = tiled.launch + 1; last < plan.launches.length; last++) {
    const { over, value } = kernelAt(plan, last)
    const before = new Set(plan.launches.slice(tiled.launch, last).map((l) => l.output))
    const isElement = over.length === extents.length && X.reductions(value).length === 0
    if (!isElement || !joins(plan, before, last, extents)) break
    if (bindings(plan, uses, tiled.launch, last).each > limits.storageBuffers) break
    // A launch that reads nothing of the step would only be held up by it.
    if (!(plan.launches[last]?.inputs ?? []).some((name) => before.has(name))) break
    made.push({ ...tiled, last })
  }
  return made
}
