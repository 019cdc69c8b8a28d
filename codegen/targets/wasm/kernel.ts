/**
 * A region as a WebAssembly function: `f(out, arrays..., panel, first, end)` computes the units from `first` to `end`.
 * A unit is one turn of the outermost loop, so that units can be dealt out to threads.
 */

import { keyOf, type Nest, type Reduction, width } from '../../schedules/nest'
import type { Loop, Node, Region } from '../../schedules/node'
import * as N from '../../schedules/node'
import type { Place } from '../../schedules/place'
import * as W from './code'
import { type Func, func } from './module'
import { reduceWith } from './reduce'
import {
  addressOf,
  arrayLocal,
  at,
  counted,
  type Kernel,
  kernelOf,
  nameOf,
  outermost,
  type Scope,
  type Shift,
  within
} from './scope'
import { type Value, valueWith } from './value'

export interface RegionFunction {
  readonly function: Func
  /** Turns of the outermost loop. */
  readonly units: number
  /** Bytes that the panels of one thread take. */
  readonly panelBytes: number
}

// --- levels ----------------------------------------------------------------------------------------------------------

/** A loop of the nest: it runs `size` numbers in blocks of `step`, of which the last may overlap the one before. */
interface Level {
  readonly loop: string
  readonly size: number
  readonly step: number
}

const turnsOf = (l: Level): number => Math.ceil(l.size / l.step)

interface Levels {
  readonly before: readonly Level[]
  /** Blocks of columns, within which panels are filled. */
  readonly columns: Level | null
  readonly rows: Level | null
}

/** Numbers that the columns of a tile cover, and where in it every column begins: the last ones overlap where it is narrow. */
const columnsOf = (size: number, columns: number): { readonly step: number; readonly offsets: readonly number[] } => {
  const vectors = Math.min(columns, Math.ceil(size / width))
  const step = Math.min(size, vectors * width)
  return { step, offsets: Array.from({ length: vectors }, (_, c) => Math.min(c * width, step - width)) }
}

const levelsOf = (r: Region, nest: Nest): Levels => {
  const find = (name: string | null): Loop | null => r.loops.find((l) => l.name === name) ?? null
  const [lanes, rows] = [find(nest.lanes), find(nest.rows)]
  const outer = r.loops
    .filter((l) => l !== lanes && l !== rows)
    .map((l): Level => ({ loop: l.name, size: l.size, step: 1 }))
  const chunk = rows === null || nest.chunk === null ? [] : [{ loop: rows.name, size: rows.size, step: nest.chunk }]
  return {
    before: [...outer, ...chunk],
    columns:
      lanes === null ? null : { loop: lanes.name, size: lanes.size, step: columnsOf(lanes.size, nest.columns).step },
    rows: rows === null ? null : { loop: rows.name, size: nest.chunk ?? rows.size, step: nest.height }
  }
}

const tileOf = (r: Region, nest: Nest): readonly Shift[] => {
  const lanes = r.loops.find((l) => l.name === nest.lanes)
  const offsets = lanes === undefined ? [0] : columnsOf(lanes.size, nest.columns).offsets
  return Array.from({ length: nest.rows === null ? 1 : nest.height }, (_, row) =>
    offsets.map(
      (column): Shift => ({
        ...(nest.rows === null ? {} : { [nest.rows]: row }),
        ...(nest.lanes === null ? {} : { [nest.lanes]: column })
      })
    )
  ).flat()
}

// --- panels ----------------------------------------------------------------------------------------------------------

interface Panel {
  readonly read: Extract<Node, { _tag: 'read' }>
  readonly copy: Extract<Node, { _tag: 'read' }>
  readonly loops: readonly Loop[]
  readonly bytes: number
}

/** A read's numbers in the order in which the tile wants them: `step` of the lanes together, for every turn of its sum. */
const panelsOf = (r: Region, nest: Nest, step: number): readonly Panel[] =>
  nest.panels.flatMap((key, which): readonly Panel[] => {
    for (const reduce of N.reduces(r.value)) {
      const read = N.reads(reduce.body).find((n) => keyOf(n) === key)
      if (read === undefined || read.at._tag !== 'affine' || nest.lanes === null) continue
      const { strides } = read.at.of
      const loops = reduce.over.filter((l) => strides[l.name] !== undefined)
      const inner = (k: number): number => loops.slice(k + 1).reduce((total, l) => total * l.size, step)
      const own = Object.fromEntries([...loops.map((l, k) => [l.name, inner(k)] as const), [nest.lanes, 1] as const])
      const place: Place = { _tag: 'affine', of: { constant: 0, strides: own } }
      const length = loops.reduce((total, l) => total * l.size, step)
      return [{ read, copy: { _tag: 'read', array: `(panel ${which})`, at: place, length }, loops, bytes: 4 * length }]
    }
    return []
  })

const withPanels = (n: Node, panels: readonly Panel[]): Node => {
  if (n._tag === 'read') return panels.find((p) => keyOf(p.read) === keyOf(n))?.copy ?? n
  return N.mapParts((part) => withPanels(part, panels))(n)
}

const filled = (s: Scope, value: Value, p: Panel, offsets: readonly Shift[]): void => {
  const fill = (inner: Scope, loops: readonly Loop[]): void => {
    const [first, ...rest] = loops
    if (first !== undefined) {
      counted(inner, first.name, first.size, 1, (deep) => fill(deep, rest))
      return
    }
    for (const shift of offsets) {
      const { at: to, offset } = addressOf(
        inner,
        p.copy.array,
        (p.copy.at as Extract<Place, { _tag: 'affine' }>).of,
        shift
      )
      inner.out.push(W.store('v128.store', to, value(inner, p.read, shift) as W.Value<'v128'>, offset))
    }
  }
  const own = within(s)
  fill(own, p.loops)
  s.out.push(...own.out)
}

// --- the function ----------------------------------------------------------------------------------------------------

type Bounds = readonly [W.Value<'i32'>, W.Value<'i32'>] | null

/** The turns of a level; blocks that would pass the end begin earlier instead. */
const turned = (s: Scope, l: Level, bounds: Bounds, body: (inner: Scope) => void): void => {
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

export const regionFunction = (name: string, arrays: readonly string[], given: Region, nest: Nest): RegionFunction => {
  const levels = levelsOf(given, nest)
  const panels = panelsOf(given, nest, levels.columns?.step ?? 1)
  const region = { ...given, value: withPanels(given.value, panels) }
  const ways = new Map<string, Reduction>(
    N.reduces(region.value).map((n, k) => [keyOf(n), nest.reductions[k] ?? { lanes: null }])
  )
  const value: Value = valueWith(
    reduceWith(
      () => value,
      (n) => ways.get(keyOf(n)) ?? { lanes: null }
    )
  )
  const tile = tileOf(given, nest)
  const kernel: Kernel = kernelOf(
    region,
    '(out)',
    { arrays: new Set(panels.map((p) => p.copy.array)), loop: nest.lanes },
    panels.map((p) => p.read)
  )
  const [panel, first, end] = [
    W.local('panels', 'i32'),
    W.local('first unit', 'i32'),
    W.local('end unit', 'i32')
  ] as const

  const store = (s: Scope, shift: Shift): void => {
    const result = value(s, region.value, shift)
    if (region.out._tag !== 'affine') throw new Error(`internal: the output of ${name} is no stretch`)
    const { at: to, offset } = addressOf(s, '(out)', region.out.of, shift)
    s.out.push(
      nest.lanes === null
        ? W.store('f32.store', to, result as W.Value<'f32'>, offset)
        : W.store('v128.store', to, result as W.Value<'v128'>, offset)
    )
  }
  const innermost = (s: Scope): void => {
    for (const shift of tile) store(s, shift)
  }
  const rows = (s: Scope, bounds: Bounds): void => {
    if (levels.rows === null) innermost(s)
    else turned(s, levels.rows, bounds, innermost)
  }
  const columns = (s: Scope, bounds: Bounds): void => {
    if (levels.columns === null) {
      rows(s, bounds)
      return
    }
    const offsets = [
      ...new Map(tile.map((t) => [t[nest.lanes ?? ''], { [nest.lanes ?? '']: t[nest.lanes ?? ''] ?? 0 }])).values()
    ]
    turned(s, levels.columns, bounds, (inner) => {
      for (const p of panels) filled(inner, value, p, offsets)
      rows(inner, null)
    })
  }
  const around = (s: Scope, left: readonly Level[], bounds: Bounds): void => {
    const [outer, ...more] = left
    if (outer === undefined) columns(s, bounds)
    else turned(s, outer, bounds, (inner) => around(inner, more, null))
  }
  const scope = outermost(kernel, tile, nest.lanes)
  let offset = 0
  for (const p of panels) {
    scope.out.push(W.set(arrayLocal(p.copy.array), W.plus(W.get(panel), W.int(offset))))
    offset += p.bytes
  }
  const outermostLevel = [...levels.before, levels.columns, levels.rows].find((l) => l !== null)
  around(scope, levels.before, outermostLevel === undefined ? null : [W.get(first), W.get(end)])
  const params = ['(out)', ...arrays].map(arrayLocal)
  return {
    function: func(name, [...params, panel, first, end], null, scope.out),
    units: outermostLevel === undefined ? 1 : turnsOf(outermostLevel as Level),
    panelBytes: offset
  }
}
