/**
 * Nests: how the loops of one region run on a processor with four lanes, as a value that a cost model chooses, `show`
 * prints, and whoever experiments may replace.
 *
 *     for units, for outer loops, for blocks of columns [pack panels], for blocks of rows:
 *       a tile of rows x columns in registers: every reduction runs for the whole tile, then the results are stored
 */
import type { Loop, Node, Region } from './node'
import * as N from './node'
import * as P from './place'

/** The numbers that one instruction computes. */
export const width = 4

/** How a reduction uses the lanes: they hold neighbours of the output, or neighbours of one of its own loops. */
export interface Reduction {
  readonly lanes: string | null
}

export interface Nest {
  /** The loop of the output whose neighbours share a vector; `null` computes one number at a time. */
  readonly lanes: string | null
  /** Columns of the tile: vectors, or single numbers without lanes. */
  readonly columns: number
  /** The loop that gives the tile its rows, or `null` for a tile of one row. */
  readonly rows: string | null
  readonly height: number
  /** Rows that go through all columns before the next rows come, so that they stay in the cache; `null` for all. */
  readonly chunk: number | null
  /** By the order of `N.reduces`. */
  readonly reductions: readonly Reduction[]
  /** Reads, by their keys, that are copied to a panel of consecutive vectors before the rows run. */
  readonly panels: readonly string[]
  /** Reads, by their keys, whose rows are copied first, each in the order of its sum, once for all columns. */
  readonly rowPanels: readonly string[]
}

// --- what reads cost -------------------------------------------------------------------------------------------------

type Read = Extract<Node, { _tag: 'read' }>
type Reduce = Extract<Node, { _tag: 'reduce' }>

const keys = new WeakMap<Node, string>()

/** A text that two nodes share exactly if they mean the same. */
export const keyOf = (n: Node): string => {
  const known = keys.get(n) ?? JSON.stringify(n)
  keys.set(n, known)
  return known
}

const strideOf = (p: P.Place, loop: string): number | null => {
  if (p._tag === 'affine') return p.of.strides[loop] ?? 0
  return P.loopsOf(p).includes(loop) ? null : 0
}

/** Whether a read along a loop is one load, of a vector or of one number for all lanes. */
const isCheap = (r: Read, loop: string): boolean => [0, 1].includes(strideOf(r.at, loop) ?? 2)

/** Whether a read may be made although its condition does not hold: its place is within the array all the same. */
export const isSafe =
  (extents: ReadonlyMap<string, number>) =>
  (r: Read): boolean => {
    const whole = (p: P.Place): boolean => {
      switch (p._tag) {
        case 'affine':
          return true
        case 'plus':
          return whole(p.left) && whole(p.right)
        case 'times':
          return whole(p.of)
        case 'quotient':
        case 'remainder':
          return whole(p.of) && P.rangeOf(extents)(p.of).low >= 0
      }
    }
    const { low, high } = P.rangeOf(extents)(r.at)
    return whole(r.at) && low >= 0 && high < r.length
  }

export const extentsIn = (r: Region): ReadonlyMap<string, number> =>
  new Map([...r.loops, ...N.reduces(r.value).flatMap((n) => n.over)].map((l) => [l.name, l.size]))

/** Whether a condition can be a mask: both sides may be computed, and it is affine in the loop of the lanes. */
export const isMaskable = (n: Extract<Node, { _tag: 'where' }>, extents: ReadonlyMap<string, number>): boolean =>
  [n.when.left, n.when.right].every((p) => p._tag === 'affine') &&
  n.of.every((part) => N.reduces(part).length === 0 && N.reads(part).every(isSafe(extents)))

// --- the tile --------------------------------------------------------------------------------------------------------

/** Registers that a tile may fill: sixteen, less one that the engine keeps. */
const registers = 15
/** Bytes of a first-level cache. */
const firstLevel = 32768

const blocks = (size: number, step: number): number => Math.ceil(size / step)

interface Tile {
  readonly height: number
  readonly columns: number
}

const filled = ({ height, columns }: Tile): number => height * columns + height + columns

/**
 * Cycles of one turn of a tile's innermost loop: two products and two sums of vectors a cycle, two loads a cycle, three
 * cycles until a sum can be added to, and one for the loop. Numbers of rows cost a little more than vectors of columns; the
 * last register is missed where a product is not added in one instruction; and columns come from further away where all
 * that a sum of `depth` terms reads does not stay near.
 */
const turn = (t: Tile, depth: number): number => {
  const { height, columns } = t
  const isNear = 4 * depth * (width * columns + height) <= firstLevel
  return (
    Math.max((height * columns) / 2, (height + columns) / 2, 3) +
    1 +
    0.15 * height +
    (filled(t) === registers ? 0.1 : 0) +
    (isNear ? 0 : 0.25 * columns)
  )
}

const bestTile = (rows: number, vectors: number, depth: number): Tile => {
  let best = { height: 1, columns: 1, cost: Number.POSITIVE_INFINITY }
  for (let columns = Math.min(vectors, 6); columns >= 1; columns--) {
    for (let height = 1; height <= Math.min(rows, 6); height++) {
      if (filled({ height, columns }) > registers) continue
      const cost = blocks(rows, height) * blocks(vectors, columns) * turn({ height, columns }, depth)
      if (cost < best.cost) best = { height, columns, cost }
    }
  }
  return best
}

// --- choosing --------------------------------------------------------------------------------------------------------

/** A loop of the reduction along which every read of its body is cheap, the longest of them. */
const ownLanes = (r: Reduce, output: string | null): string | null => {
  const reads = N.reads(r.body)
  const plain = !N.some((n) => n._tag === 'reduce' || n._tag === 'where')(r.body)
  const found = r.over
    .filter((l) => l.size >= 2 * width && l.name !== output && plain && reads.every((read) => isCheap(read, l.name)))
    .sort((p, q) => q.size - p.size)
  return found[0]?.name ?? null
}

/** A panel is worth its copy when at least so many rows read it. */
const leastRows = 8
/** Bytes of rows that should stay in the second-level cache while all columns pass. */
const chunkBytes = 524288

/** Whether a read of a reduction can come from a panel, and gains by it. */
const packs = (r: Region, reduce: Reduce, read: Read, lanes: Loop, rows: Loop): boolean => {
  if (read.at._tag !== 'affine') return false
  const { strides } = read.at.of
  const own = reduce.over.filter((l) => strides[l.name] !== undefined)
  const depth = own.reduce((total, l) => total * l.size, 1)
  const known = Object.keys(strides).every((name) => [...r.loops, ...own].some((l) => l.name === name))
  if (strides[lanes.name] === undefined || strides[rows.name] !== undefined || !known || depth < width) return false
  return strides[lanes.name] !== 1 || own.some((l) => Math.abs(strides[l.name] ?? 0) >= 64)
}

const panelsOf = (r: Region, reductions: readonly Reduction[], lanes: Loop, rows: Loop): readonly string[] => [
  ...new Set(
    N.reduces(r.value).flatMap((reduce, at) =>
      reductions[at]?.lanes === null
        ? N.reads(reduce.body)
            .filter((read) => packs(r, reduce, read, lanes, rows))
            .map(keyOf)
        : []
    )
  )
]

/** Columns from which on rows are worth a copy, and strides of a sum that leave a page or most of one behind. */
const leastColumns = 128
const farApart = 256

/** Reads whose rows are neighbours but whose sum strides far: every number of a row would come from another page. */
const rowPanelsOf = (r: Region, reductions: readonly Reduction[], lanes: Loop, rows: Loop): readonly string[] => [
  ...new Set(
    N.reduces(r.value).flatMap((reduce, at) => {
      if (reductions[at]?.lanes !== null || lanes.size < leastColumns || rows.size < leastRows) return []
      return N.reads(reduce.body).flatMap((read) => {
        if (read.at._tag !== 'affine') return []
        const { strides } = read.at.of
        const own = reduce.over.filter((l) => strides[l.name] !== undefined)
        const nearest = Math.min(...own.map((l) => Math.abs(strides[l.name] ?? 0)))
        const isFar = own.length > 0 && nearest >= farApart
        return strides[rows.name] === 1 && strides[lanes.name] === undefined && isFar ? [keyOf(read)] : []
      })
    })
  )
]

/** The nest for a region: lanes along the fastest loop where reads allow it, rows where a loop reuses what was read. */
export const nestFor = (r: Region): Nest => {
  const extents = extentsIn(r)
  const reduces = N.reduces(r.value)
  const last = r.loops[r.loops.length - 1]
  const masks = (loop: string): boolean =>
    !N.some(
      (n) =>
        n._tag === 'where' &&
        [n.when.left, n.when.right].some((p) => P.loopsOf(p).includes(loop)) &&
        !isMaskable(n, extents)
    )(r.value)
  const lanes =
    last !== undefined && last.size >= width && strideOf(r.out, last.name) === 1 && masks(last.name) ? last : null

  const summed = reduces.flatMap((reduce) => N.reads(reduce.body))
  const reuses = (l: Loop): boolean => summed.some((read) => strideOf(read.at, l.name) === 0)
  const tested = (l: Loop): boolean => N.some((n) => n._tag === 'where' && N.loopsOf(n).has(l.name))(r.value)
  const rows = r.loops.findLast((l) => l !== lanes && reuses(l) && !tested(l)) ?? null

  const reductions = reduces.map((reduce): Reduction => {
    const nested = reduces.some((o) => o !== reduce && N.some((n) => n === reduce)(o.body))
    const suits = (read: Read, loop: Loop): boolean =>
      isCheap(read, loop.name) || (rows !== null && rows.size >= leastRows && packs(r, reduce, read, loop, rows))
    if (lanes !== null && N.reads(reduce.body).every((read) => suits(read, lanes))) return { lanes: null }
    return { lanes: nested ? null : ownLanes(reduce, lanes?.name ?? null) }
  })

  const spread = reductions.some((own) => own.lanes !== null)
  const vectors = lanes === null ? 1 : blocks(lanes.size, width)
  if (reduces.length === 0) {
    return {
      lanes: lanes?.name ?? null,
      columns: Math.min(vectors, 2),
      rows: null,
      height: 1,
      chunk: null,
      reductions,
      panels: [],
      rowPanels: []
    }
  }
  const depth = Math.max(...reduces.map((reduce) => reduce.over.reduce((total, l) => total * l.size, 1)))
  const tile = spread
    ? { height: Math.min(rows?.size ?? 1, lanes === null ? 4 : 2), columns: 1 }
    : bestTile(rows?.size ?? 1, vectors, depth)
  const panels = lanes === null || rows === null || rows.size < leastRows ? [] : panelsOf(r, reductions, lanes, rows)
  const most = tile.height * Math.max(1, Math.floor(chunkBytes / (4 * depth * tile.height)))
  // Chunks of one size: a last one that stands out would be computed as a whole chunk.
  const even = rows === null ? 1 : tile.height * blocks(rows.size, tile.height * blocks(rows.size, most))
  const chunk = rows !== null && lanes !== null && rows.size > most ? even : null
  const copies = lanes !== null && rows !== null && (chunk ?? rows.size) >= width
  return {
    lanes: lanes?.name ?? null,
    columns: tile.columns,
    rows: rows?.name ?? null,
    height: tile.height,
    chunk,
    reductions,
    panels,
    rowPanels: copies ? rowPanelsOf(r, reductions, lanes, rows) : []
  }
}

/** `lanes c, tile i 2 x 4 vectors, chunks of 128 i, panels of 1 array, sums along d`. */
export const show = (n: Nest): string => {
  const own = [...new Set(n.reductions.flatMap((r) => (r.lanes === null ? [] : [r.lanes])))]
  const columns = n.lanes === null ? 'one number at a time' : `${n.columns} vectors of ${n.lanes}`
  return [
    n.rows === null ? columns : `tile of ${n.height} ${n.rows} x ${columns}`,
    ...(own.length === 0 ? [] : [`sums in lanes along ${own.join(', ')}`]),
    ...(n.panels.length === 0 ? [] : [`${n.panels.length} packed panel${n.panels.length === 1 ? '' : 's'}`]),
    ...(n.rowPanels.length === 0 ? [] : ['rows copied first']),
    ...(n.chunk === null ? [] : [`chunks of ${n.chunk} ${n.rows}`])
  ].join(', ')
}
