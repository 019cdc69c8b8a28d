/** What the row on general matrices says: claims, tables and a plot of what was measured. */
import type { Structure as Kind } from '../../../spec/family'
import { polarContraction } from '../../weights/polar'
import type { Cell, Claim, Plot, Table } from '../row'

// --- model -----------------------------------------------------------------------------------------------------------

/** One network on systems of one kind and condition number. */
export interface Measured {
  readonly name: string
  readonly kind: Kind
  readonly kappa: number
  readonly layers: number
  readonly float64: number
  readonly float32: number
  /** The largest `||x - answer||_2 / ||x||_2` of one system, in float64. */
  readonly worst: number
}

export const names = {
  closed: 'closed form',
  trained: 'trained, any matrix',
  symmetric: 'trained, symmetric matrices',
  query: 'closed form read from a query'
}

export const kinds: readonly Kind[] = ['nonsymmetric', 'indefinite']

export interface Setting {
  readonly n: number
  readonly systems: number
  readonly kappas: readonly number[]
  readonly layers: readonly number[]
  /** Depths that are trained, at condition number 5. */
  readonly trained: readonly number[]
}

const at = (
  all: readonly Measured[],
  name: string,
  kind: string,
  kappa: number,
  layers: number
): Measured | undefined =>
  all.find((m) => m.name === name && m.kind === kind && m.kappa === kappa && m.layers === layers)

const digits = (value: number): string => (Number.isFinite(value) ? value.toExponential(1) : 'beyond all numbers')

// --- claims ----------------------------------------------------------------------------------------------------------

/** Depths and condition numbers where roundoff is expected, with the mean square error that counts as such. */
const roundoff = [
  { kappa: 5, layers: 7, mse: 1e-30 },
  { kappa: 100, layers: 10, mse: 1e-27 }
] as const

/** Rounding of an answer, relative: it grows with the condition number. */
const rounding = (kappa: number): number => 1e-14 * kappa

const reachesRoundoff = (measured: readonly Measured[]): Claim => {
  const found = roundoff.map(({ kappa, layers, mse }) => {
    const errors = kinds.map((kind) => at(measured, names.closed, kind, kappa, layers)?.float64 ?? Infinity)
    return { kappa, layers, errors, ok: errors.every((e) => e <= mse) }
  })
  return {
    claim: 'Read as `A_L^T b_L`, the layer solves nonsymmetric and indefinite systems to roundoff.',
    paper: 'future work',
    ours: found
      .map(({ kappa, layers, errors }) => `L = ${layers}, kappa = ${kappa}: ${errors.map(digits).join(' and ')}`)
      .join('; '),
    verdict: found.every(({ ok }) => ok) ? 'reproduced' : 'not reproduced',
    note: 'mean square error on nonsymmetric and on indefinite systems, float64, weights in closed form'
  }
}

const keepsBound = (measured: readonly Measured[]): Claim => {
  const closed = measured.filter((m) => m.name === names.closed)
  const beyond = closed.filter((m) => !(m.worst <= polarContraction(m.layers, m.kappa) + rounding(m.kappa)))
  const shares = closed
    .filter((m) => polarContraction(m.layers, m.kappa) > 1e3 * rounding(m.kappa))
    .map((m) => m.worst / polarContraction(m.layers, m.kappa))
  return {
    claim: 'The error of every system is at most the bound of the closed form, `max |1 - sigma_L^2|`.',
    paper: '-',
    ours: `${beyond.length} of ${closed.length} cases beyond it; at most ${(100 * Math.max(...shares)).toFixed(0)}% of it where rounding does not count`,
    verdict: beyond.length === 0 ? 'reproduced' : 'not reproduced'
  }
}

const queryFails = (measured: readonly Measured[]): Claim => {
  const errors = kinds.map((kind) => at(measured, names.query, kind, 5, 3)?.float64 ?? Number.NaN)
  return {
    claim: 'A network that answers from a query, made for positive definite matrices, does not solve these systems.',
    paper: 'positive definite matrices only',
    ours: `mean square error ${errors.map(digits).join(' and ')} at L = 3, kappa = 5`,
    verdict: errors.every((e) => !(e < 1)) ? 'reproduced' : 'not reproduced'
  }
}

const gain = (measured: readonly Measured[], name: string, kind: string, layers: number): number =>
  at(measured, names.closed, kind, 5, layers)!.float64 / at(measured, name, kind, 5, layers)!.float64

const trainingPays = (measured: readonly Measured[], depths: readonly number[]): readonly Claim[] => {
  const gains = (name: string, kind: string): readonly number[] => depths.map((L) => gain(measured, name, kind, L))
  const any = gains(names.trained, 'nonsymmetric')
  const symmetric = gains(names.symmetric, 'indefinite')
  const times = (all: readonly number[]): string =>
    all.map((g, k) => `${g >= 10 ? g.toFixed(0) : g.toFixed(2)} at L = ${depths[k]}`).join(', ')
  return [
    {
      claim: 'For any matrix training gains little: the closed form is close to the best that these layers can do.',
      paper: '-',
      ours: `mean square error lower by ${times(any)}`,
      verdict: any.every((g) => g < 10) ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'For symmetric matrices of any signs training pays where layers are few.',
      paper: '-',
      ours: `mean square error lower by ${times(symmetric)}`,
      verdict: Math.max(...symmetric) > 2 ? 'reproduced' : 'not reproduced'
    }
  ]
}

export const claimsOf = (measured: readonly Measured[], setting: Setting): readonly Claim[] => [
  reachesRoundoff(measured),
  keepsBound(measured),
  queryFails(measured),
  ...trainingPays(measured, setting.trained)
]

// --- tables ----------------------------------------------------------------------------------------------------------

const byDepth = (
  { kappas, layers }: Setting,
  title: string,
  value: (layers: number, kappa: number) => Cell | undefined
): Table => ({
  title,
  columns: ['L', ...kappas.map((kappa) => `kappa = ${kappa}`)],
  rows: layers.map((L) => [L, ...kappas.map((kappa) => value(L, kappa) ?? null)])
})

export const tablesOf = (measured: readonly Measured[], setting: Setting): readonly Table[] => [
  ...kinds.flatMap((kind) =>
    (['float64', 'float32'] as const).map((precision) =>
      byDepth(setting, `Closed form, ${kind} systems: mean square error, ${precision}`, (L, kappa) => {
        return at(measured, names.closed, kind, kappa, L)?.[precision]
      })
    )
  ),
  byDepth(setting, 'Closed form: the bound on what is left of any part of x', polarContraction),
  {
    title: 'Trained and closed form, kappa = 5: mean square error, float64',
    columns: [
      'L',
      ...kinds.flatMap((kind) => [names.closed, names.trained, names.symmetric].map((n) => `${n}: ${kind}`))
    ],
    rows: setting.trained.map((L) => [
      L,
      ...kinds.flatMap((kind) =>
        [names.closed, names.trained, names.symmetric].map((name) => at(measured, name, kind, 5, L)?.float64 ?? null)
      )
    ])
  }
]

// --- plot ------------------------------------------------------------------------------------------------------------

export const plot = (measured: readonly Measured[]): Plot => ({
  name: 'beyond-spd',
  caption: 'Error by depth on nonsymmetric and indefinite systems, float64: closed form, and trained at kappa = 5.',
  spec: {
    data: {
      values: measured
        .filter((m) => m.name !== names.query && Number.isFinite(m.float64))
        .map(({ name, kind, kappa, layers, float64 }) => ({ name, kind, kappa, layers, mse: float64 }))
    },
    facet: { column: { field: 'kind', type: 'nominal', title: null } },
    spec: {
      width: 300,
      height: 300,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'layers', type: 'quantitative', title: 'layers L', axis: { tickMinStep: 1 } },
        y: { field: 'mse', type: 'quantitative', scale: { type: 'log' }, title: 'mean square error' },
        color: { field: 'kappa', type: 'nominal', title: 'kappa' },
        strokeDash: { field: 'name', type: 'nominal', title: null, sort: Object.values(names) },
        shape: { field: 'name', type: 'nominal', title: null, sort: Object.values(names) }
      }
    }
  }
})
