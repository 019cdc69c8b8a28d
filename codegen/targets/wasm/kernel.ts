/**
 * A region as a WebAssembly function: `f(out, arrays..., panel, first, end)` computes the units from `first` to `end`.
 * A unit is one turn of the outermost loop, so that units can be dealt out to threads.
 */

import { keyOf, type Nest, type Reduction, width } from '../../schedules/nest'
import type { Loop, Region } from '../../schedules/node'
import * as N from '../../schedules/node'
import * as W from './code'
import { type Func, func } from './module'
import {
  type Bounds,
  columnPanels,
  fillColumns,
  fillRows,
  type Level,
  rowPanels,
  turned,
  turnsOf,
  withPanels
} from './panel'
import { reduceWith } from './reduce'
import { addressOf, arrayLocal, type Kernel, kernelOf, outermost, type Scope, type Shift } from './scope'
import { type Value, valueWith } from './value'

export interface RegionFunction {
  readonly function: Func
  /** Turns of the outermost loop. */
  readonly units: number
  /** Bytes that the panels of one thread take. */
  readonly panelBytes: number
}

// --- levels ----------------------------------------------------------------------------------------------------------

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

// --- the function ----------------------------------------------------------------------------------------------------

export const regionFunction = (name: string, arrays: readonly string[], given: Region, nest: Nest): RegionFunction => {
  const levels = levelsOf(given, nest)
  const panels = columnPanels(given, nest, levels.columns?.step ?? 1)
  const ofRows = rowPanels(given, nest, levels.rows?.size ?? 1)
  const all = [...panels, ...ofRows]
  const region = { ...given, value: withPanels(given.value, all) }
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
    [
      ...panels.map((p) => ({ array: p.copy.array, loop: nest.lanes, within: false })),
      ...ofRows.flatMap((p) => (nest.chunk === null ? [] : [{ array: p.copy.array, loop: nest.rows, within: true }]))
    ],
    all.map((p) => p.read)
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
      for (const p of panels) fillColumns(inner, value, p, offsets)
      rows(inner, null)
    })
  }
  const around = (s: Scope, left: readonly Level[], bounds: Bounds): void => {
    const [outer, ...more] = left
    if (outer === undefined) {
      for (const p of ofRows) fillRows(s, value, p, nest.rows ?? '', levels.rows?.size ?? 1)
      columns(s, bounds)
    } else turned(s, outer, bounds, (inner) => around(inner, more, null))
  }
  const scope = outermost(kernel, tile, nest.lanes)
  let offset = 0
  for (const p of all) {
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
