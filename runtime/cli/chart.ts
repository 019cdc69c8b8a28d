/** The curves of a training run as text: loss on a logarithmic scale over all iterations, and judgements as points. */
import { plot } from 'simple-ascii-chart'

import { along, type History, type Placed } from '../train/history'

// --- model -----------------------------------------------------------------------------------------------------------

export interface ChartOptions {
  /** Columns and lines of the whole, legend included. */
  readonly width: number
  readonly height: number
  readonly colour: boolean
}

type Place = readonly [at: number, exponent: number]

/** The smallest chart that can be read. */
export const least = { width: 36, height: 8 }

/** Columns left of the curves, and lines above and below them. */
const margin = { width: 10, height: 4 }

// --- scales ----------------------------------------------------------------------------------------------------------

/** 1, 2 or 5 times a power of ten: the least step that makes at most so many of a span. */
const roundStep = (span: number, most: number): number => {
  const raw = span / most
  const power = 10 ** Math.floor(Math.log10(raw))
  return power * ([1, 2, 5].find((k) => k * power >= raw) ?? 10)
}

/** A share of a step by which rounding may miss a multiple. */
const slack = 1e-9

const multiples = (low: number, high: number, step: number): readonly number[] => {
  const first = Math.ceil(low / step - slack)
  return Array.from({ length: Math.max(0, Math.floor(high / step + slack) - first + 1) }, (_, k) => (first + k) * step)
}

/** Exponents of powers of ten; where there are fewer than two, of 2 and 5 times powers of ten as well. */
const exponents = (low: number, high: number, most: number): readonly number[] => {
  const decades = multiples(low, high, Math.ceil(roundStep(high - low, most)))
  if (decades.length > 1) return decades
  return multiples(Math.floor(low), Math.ceil(high), 1)
    .flatMap((decade) => [1, 2, 5].map((k) => decade + Math.log10(k)))
    .filter((value) => value >= low && value <= high)
}

// --- curves ----------------------------------------------------------------------------------------------------------

/** What can stand on a logarithmic scale. */
const curve = (points: readonly Placed[], value: (p: Placed['point']) => number | undefined): readonly Place[] =>
  points.flatMap(({ at, point }) => {
    const found = value(point)
    return found !== undefined && found > 0 && Number.isFinite(found) ? [[at, Math.log10(found)] as const] : []
  })

/** The mean of what falls into each of so many columns, in the middle of its column. */
const thinned = (places: readonly Place[], columns: number): readonly Place[] => {
  const low = places[0]?.[0] ?? 0
  const step = Math.max((places.at(-1)?.[0] ?? 0) - low, 1) / (columns - 1)
  const sums = new Map<number, { readonly sum: number; readonly count: number }>()
  for (const [at, exponent] of places) {
    const column = Math.round((at - low) / step)
    const { sum, count } = sums.get(column) ?? { sum: 0, count: 0 }
    sums.set(column, { sum: sum + exponent, count: count + 1 })
  }
  return [...sums].map(([column, { sum, count }]) => [low + column * step, sum / count])
}

// --- drawing ---------------------------------------------------------------------------------------------------------

const dyed = (text: string, code: number, { colour }: ChartOptions): string =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text

const legend = (judged: boolean, o: ChartOptions): string => {
  const [loss, held, axis] = [' training loss', ' held-out MSE', 'over iterations']
  const start = `  ${dyed('━', 36, o)}${loss}${judged ? `   ${dyed('●', 33, o)}${held}` : ''}`
  return o.width < `  -${loss}   -${held}   ${axis}`.length ? start : `${start}   ${axis}`
}

/** The chart's lines; none where no loss can be drawn or there is no room. */
export const chart = (points: History, o: ChartOptions): readonly string[] => {
  const [width, height] = [o.width - margin.width, o.height - margin.height]
  const placed = along(points)
  const losses = curve(placed, (p) => p.loss)
  if (losses.length < 2 || o.width < least.width || o.height < least.height) return []
  const held = thinned(
    curve(placed, (p) => p.heldOut?.mse),
    width / 3
  )
  const line = thinned(losses, width)
  const all = [...line, ...held].map(([, exponent]) => exponent)
  const [low, high] = [Math.min(...all) - 0.05, Math.max(...all) + 0.05]
  const [from, to] = [line[0]![0], line.at(-1)![0]]
  const text = plot(
    line.map(([x, y]): [number, number] => [x, y]),
    {
      width,
      height,
      yRange: [low, high],
      customYAxisTicks: [...exponents(low, high, height / 2)],
      customXAxisTicks: [...multiples(from, to, Math.max(1, roundStep(to - from, width / 10)))],
      formatter: (value, { axis }) => (axis === 'y' ? (10 ** value).toExponential(0).replace('+', '') : String(value)),
      points: held.map(([x, y]) => ({ x, y, ...(o.colour ? { color: 'ansiYellow' as const } : {}) })),
      symbols: { point: '●' },
      ...(o.colour ? { color: 'ansiCyan' as const } : {})
    }
  )
  const rows = text
    .split('\n')
    .map((row) => row.trimEnd())
    .filter((row) => row !== '')
  return [...rows, legend(held.length > 0, o)]
}
