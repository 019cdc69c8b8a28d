/**
 * Panels: numbers of a read copied into the order in which a tile wants them, before the rows or columns that share them
 * run. And the turns of loops, which fill them.
 */
import { keyOf, type Nest, width } from '../../schedules/nest'
import type { Loop, Node, Region } from '../../schedules/node'
import * as N from '../../schedules/node'
import type { Place } from '../../schedules/place'
import * as W from './code'
import { addressOf, at, counted, nameOf, type Scope, type Shift, within } from './scope'
import type { Value } from './value'

// --- turns -----------------------------------------------------------------------------------------------------------

/** A loop of the nest: it runs `size` numbers in blocks of `step`, of which the last may overlap the one before. */
export interface Level {
  readonly loop: string
  readonly size: number
  readonly step: number
}

export const turnsOf = (l: Level): number => Math.ceil(l.size / l.step)

export type Bounds = readonly [W.Value<'i32'>, W.Value<'i32'>] | null

/** The turns of a level; blocks that would pass the end begin earlier instead. */
export const turned = (s: Scope, l: Level, bounds: Bounds, body: (inner: Scope) => void): void => {
  const turns = turnsOf(l)
  if (bounds === null && turns === 1) {
    const inner = at(s, l.loop, W.int(0))
    body(inner)
    s.out.push(...inner.out)
    return
  }
  if (bounds === null && l.size % l.step === 0) {
    const hasVariable = within(s)
    counted(hasVariable, l.loop, turns, l.step, body)
    s.out.push(...hasVariable.out)
    return
  }
  const name = nameOf(s, l.loop)
  const [unit, place] = [W.local(`unit of ${name}`, 'i32'), W.local(`from ${name}`, 'i32')]
  const [first, end] = bounds ?? [W.int(0), W.int(turns)]
  const wish = W.times(W.get(unit), l.step)
  const last = W.int(l.size - l.step)
  const inner = at(s, l.loop, W.get(place))
  body(inner)
  s.out.push(
    W.count(unit, first, end, 1, [
      W.set(place, l.size % l.step === 0 ? wish : W.select(W.op('i32.lt_u', wish, last), wish, last)),
      ...inner.out
    ])
  )
}

// --- panels ----------------------------------------------------------------------------------------------------------

type Read = Extract<Node, { _tag: 'read' }>

interface Affine extends Read {
  readonly at: Extract<Place, { _tag: 'affine' }>
}

export interface Panel {
  readonly read: Read
  readonly copy: Affine
  /** The loops of the sum that the read depends on. */
  readonly loops: readonly Loop[]
  readonly bytes: number
}

/** The read behind a key and the loops of its sum that it depends on. */
const found = (r: Region, key: string): { readonly read: Read; readonly loops: readonly Loop[] } | null => {
  for (const reduce of N.reduces(r.value)) {
    const read = N.reads(reduce.body).find((n) => keyOf(n) === key)
    if (read !== undefined) return { read, loops: reduce.over.filter((l) => N.loopsOf(read).has(l.name)) }
  }
  return null
}

const turnsIn = (loops: readonly Loop[]): number => loops.reduce((total, l) => total * l.size, 1)

/** `array` with `step` numbers for every turn of the loops, or with the turns beside each other, `step` apart from row to row. */
const copyOf = (
  array: string,
  loops: readonly Loop[],
  along: string,
  size: number,
  rowsFirst: boolean
): { readonly copy: Affine; readonly bytes: number } => {
  const unit = rowsFirst ? 1 : size
  const own = loops.map((l, k) => [l.name, turnsIn(loops.slice(k + 1)) * unit] as const)
  const strides = Object.fromEntries([...own, [along, rowsFirst ? turnsIn(loops) : 1] as const])
  const length = turnsIn(loops) * size
  return {
    copy: { _tag: 'read', array, at: { _tag: 'affine', of: { constant: 0, strides } }, length },
    bytes: 4 * length
  }
}

/** Columns of the tile, `step` numbers wide, in the order of the sum. */
export const columnPanels = (r: Region, nest: Nest, step: number): readonly Panel[] =>
  nest.panels.flatMap((key, which) => {
    const own = found(r, key)
    if (own === null || nest.lanes === null) return []
    return [{ ...own, ...copyOf(`(panel ${which})`, own.loops, nest.lanes, step, false) }]
  })

/** Rows, `size` of them, each in the order of the sum. */
export const rowPanels = (r: Region, nest: Nest, size: number): readonly Panel[] =>
  nest.rowPanels.flatMap((key, which) => {
    const own = found(r, key)
    if (own === null || nest.rows === null) return []
    return [{ ...own, ...copyOf(`(rows ${which})`, own.loops, nest.rows, size, true) }]
  })

export const withPanels = (n: Node, panels: readonly Panel[]): Node => {
  if (n._tag === 'read') return panels.find((p) => keyOf(p.read) === keyOf(n))?.copy ?? n
  return N.mapParts((part) => withPanels(part, panels))(n)
}

/** Every turn of the loops, innermost last. */
const throughout = (s: Scope, loops: readonly Loop[], body: (inner: Scope) => void): void => {
  const [first, ...rest] = loops
  if (first === undefined) body(s)
  else counted(s, first.name, first.size, 1, (inner) => throughout(inner, rest, body))
}

const vectorOf = (s: Scope, value: Value, p: Panel, shift: Shift): W.Value<'v128'> =>
  value(s, p.read, shift) as W.Value<'v128'>

export const fillColumns = (s: Scope, value: Value, p: Panel, offsets: readonly Shift[]): void => {
  const own = within(s)
  throughout(own, p.loops, (inner) => {
    for (const shift of offsets) {
      const { at: to, offset } = addressOf(inner, p.copy.array, p.copy.at.of, shift)
      inner.out.push(W.store('v128.store', to, vectorOf(inner, value, p, shift), offset))
    }
  })
  s.out.push(...own.out)
}

/** Rows that are copied side by side: as many numbers as a cache line has, where there are so many. */
const sideBySide = 4 * width

export const fillRows = (s: Scope, value: Value, p: Panel, rows: string, size: number): void => {
  const step = size >= sideBySide ? sideBySide : width
  const own = within(s, { lanes: rows })
  turned(own, { loop: rows, size, step }, null, (block) =>
    throughout(block, p.loops, (inner) => {
      for (let row = 0; row < step; row += width) {
        const vector = vectorOf(inner, value, p, { [rows]: row })
        for (let lane = 0; lane < width; lane++) {
          const { at: to, offset } = addressOf(inner, p.copy.array, p.copy.at.of, { [rows]: row + lane })
          inner.out.push(W.storeLane(lane, to, vector, offset))
        }
      }
    })
  )
  s.out.push(...own.out)
}
