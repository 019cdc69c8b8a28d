/** The curves of a training run as plots. */
import { colours } from '../reproduce/plots'
import type { Plot } from '../reproduce/row'
import { along, type History, type Placed, sameStart } from '../train/history'

// --- data ------------------------------------------------------------------------------------------------------------

interface Value {
  readonly at: number
  readonly value: number
  readonly what: string
}

interface Series {
  readonly what: string
  readonly of: (p: Placed['point']) => number | null | undefined
}

/** The most values of a series, and rows of a table, that a page shows. */
export const readable = 2000

/** Every k-th item, the last among them, so that no more than `readable` are left. */
export const sparse = <A>(items: readonly A[]): readonly A[] => {
  const step = Math.ceil(items.length / readable)
  return step <= 1 ? items : items.filter((_, k) => (items.length - 1 - k) % step === 0)
}

/** Values of a series; a logarithmic scale shows those above zero. */
const valuesOf = (placed: readonly Placed[], { what, of }: Series, above: number): readonly Value[] =>
  sparse(
    placed.flatMap(({ at, point }) => {
      const value = of(point)
      return value != null && Number.isFinite(value) && value > above ? [{ at, value, what }] : []
    })
  )

/** Where one stage or start ends and the next begins. */
const seams = (placed: readonly Placed[]): readonly { readonly at: number }[] =>
  placed.flatMap(({ at, point }, k) => {
    const before = placed[k - 1]?.point
    return before === undefined || sameStart(before, point) ? [] : [{ at: at - point.iteration }]
  })

// --- plots -----------------------------------------------------------------------------------------------------------

const width = 720

const x = (placed: readonly Placed[]) => ({
  field: 'at',
  type: 'quantitative',
  title: 'iterations',
  scale: { domain: [0, placed.at(-1)?.at ?? 1], nice: false },
  axis: { grid: false }
})

const lines = (
  name: string,
  caption: string,
  placed: readonly Placed[],
  series: readonly Series[],
  { log, height, title }: { readonly log: boolean; readonly height: number; readonly title: string }
): readonly Plot[] => {
  const values = series.flatMap((each) => valuesOf(placed, each, log ? 0 : Number.NEGATIVE_INFINITY))
  if (values.length === 0) return []
  const shown = series.map(({ what }) => what).filter((what) => values.some((v) => v.what === what))
  const count = (what: string): number => values.filter((v) => v.what === what).length
  const y = { field: 'value', type: 'quantitative', title, ...(log ? { scale: { type: 'log' } } : {}) }
  const color = {
    field: 'what',
    type: 'nominal',
    title: null,
    scale: { domain: shown, range: shown.map((what) => colours[series.findIndex((s) => s.what === what)]) },
    legend: shown.length > 1 ? { orient: 'top' } : null
  }
  const layer = [
    {
      data: { values: seams(placed) },
      mark: { type: 'rule', color: '#bbbbbb', strokeDash: [4, 3] },
      encoding: { x: { field: 'at', type: 'quantitative' } }
    },
    ...shown.map((what) => ({
      data: { values: values.filter((v) => v.what === what) },
      // Few values are points as well, so that one alone is seen.
      mark: { type: 'line', strokeWidth: 1.5, ...(count(what) <= 60 ? { point: { size: 25 } } : {}) },
      encoding: { x: x(placed), y, color }
    }))
  ]
  return [{ name, caption, spec: { width, height, layer } }]
}

/** The plots of a run: its loss, what held-out systems said, and its learning rate, as far as they are known. */
export const plotsOf = (points: History): readonly Plot[] => {
  const placed = along(points)
  const parts = seams(placed).length === 0 ? '' : ' Dashed: another stage or start begins.'
  const heldOut = points.some((p) => p.heldOut !== null) ? ', and on held-out systems' : ''
  return [
    ...lines(
      'loss',
      `Mean square error on what each iteration saw${heldOut}.${parts}`,
      placed,
      [
        { what: 'training loss', of: (p) => p.loss },
        { what: 'held-out MSE', of: (p) => p.heldOut?.mse }
      ],
      { log: true, height: 320, title: 'mean square error' }
    ),
    ...lines(
      'held-out',
      'Errors on held-out systems: relative error of x in the 2-norm, and the median normwise backward error.',
      placed,
      [
        { what: 'relative error, median', of: (p) => p.heldOut?.relative.median },
        { what: 'relative error, mean', of: (p) => p.heldOut?.relative.mean },
        { what: 'backward error, median', of: (p) => p.heldOut?.backward }
      ],
      { log: true, height: 240, title: 'error' }
    ),
    ...lines('rate', 'Learning rate.', placed, [{ what: 'learning rate', of: (p) => p.rate }], {
      log: false,
      height: 140,
      title: 'learning rate'
    })
  ]
}
