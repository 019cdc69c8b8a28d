/** Places along the sides of a tiled contraction, and the addresses and indices that they stand for. */
import type { Plan, PlanKernel } from '../../plan'
import type { Contraction, ContractionAxis } from '../../schedules/contraction'
import type { Dialect } from '../dialect'
import { indexLines, namer } from './text'
import type { Tiled } from './tiles'

export interface TileWriter {
  readonly k: PlanKernel
  readonly tiled: Tiled
  readonly found: Contraction
  readonly plan: Plan
  /** How a launch of the step reads its arrays from storage. */
  readonly dialectAt: (launch: number) => Dialect
  /** What the text calls the arrays that it stores. */
  readonly stored: ReadonlyMap<string, string>
  readonly arrayAt: (label: string) => string
  readonly taken: readonly string[]
  readonly extentOf: (index: string) => number
}

export type Side = 'batch' | 'm' | 'n' | 'k'

/** What the texts call a place along each side. */
export const places: Readonly<Record<Side, string>> = { batch: 'matrix', m: 'row', n: 'column', k: 'term' }

const sides = (w: TileWriter, side: Side): readonly ContractionAxis[] => w.found[side]

export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

// --- addresses -------------------------------------------------------------------------------------------------------

const scaled = (name: string, stride: number): string => (stride === 1 ? name : `${name} * ${stride}`)

/** Lines that take a side's place apart into its axes, and the terms of an address with their strides. */
const stretch = (w: TileWriter, side: Side, which: 'left' | 'right' | 'out', pad: string) => {
  const axes = sides(w, side)
  if (axes.length === 1) {
    const stride = axes[0]?.[which] ?? 0
    return { lines: [], terms: stride === 0 ? [] : [scaled(places[side], stride)] }
  }
  const names = axes.map((_, k) => `${places[side]}_${k}`)
  const used = axes.map((axis) => axis[which] !== 0)
  const lines = indexLines(
    places[side],
    names,
    axes.map((a) => a.size),
    pad
  ).filter((_, k) => used[k])
  return { lines, terms: axes.flatMap((axis, k) => (used[k] ? [scaled(names[k] ?? '', axis[which])] : [])) }
}

export const address = (
  w: TileWriter,
  those: readonly Side[],
  which: 'left' | 'right' | 'out',
  offset: number,
  pad: string
) => {
  const parts = those.map((side) => stretch(w, side, which, pad))
  const terms = [...(offset === 0 ? [] : [String(offset)]), ...parts.flatMap((p) => p.terms)]
  return { lines: parts.flatMap((p) => p.lines), text: terms.length === 0 ? '0' : terms.join(' + ') }
}

/** Lines that give every index of these sides its value. */
export const indicesOf = (w: TileWriter, those: readonly Side[], pad: string) => {
  const fresh = namer([...w.taken])
  const scope = new Map<string, string>()
  const lines = those.flatMap((side) => {
    const names = sides(w, side).flatMap((axis) => axis.names)
    const own = names.map((name) => fresh(name))
    for (const [k, name] of names.entries()) scope.set(name, own[k] ?? '')
    return indexLines(places[side], own, names.map(w.extentOf), pad)
  })
  return { lines, scope }
}
