/** How `ansatz train spectral` prints: what the spectrum is, what was trained, what is guaranteed and what was measured. */
import type { Card } from '../../checkpoint/card'
import { upTo } from '../../guarantee/statement'
import type { Bound, Judgement } from '../../spectral/judge'
import type { Target } from '../../spectral/target'
import type { SpectralModel } from '../../spectral/train'
import { duration, say, scientific } from '../print'

export interface Report {
  readonly target: Target
  readonly made: SpectralModel
  readonly judgement: Judgement
  readonly card: Card
  readonly out: string
}

// --- JSON ------------------------------------------------------------------------------------------------------------

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

export const plain = ({ target, made, judgement, card, out }: Report): Readonly<Record<string, unknown>> => {
  const { label, low, high, kappa, eigenvalues, matrix } = target
  const { bound, operator, runs, holds } = judgement
  return {
    target: { label, n: matrix?.n ?? null, low, high, kappa, eigenvalues: eigenvalues?.length ?? null },
    layers: made.layers,
    loss: finite(made.trained.loss),
    guarantee: {
      factor: bound.factor,
      proved: bound.rigorous,
      on: bound.on,
      rounding: finite(bound.rounding(matrix?.n ?? 1))
    },
    measured: { operator, runs },
    holds,
    out,
    card
  }
}

// --- text ------------------------------------------------------------------------------------------------------------

const short = (value: number): string => String(Number(value.toPrecision(4)))

const targetLine = ({ label, low, high, kappa, eigenvalues, matrix, spectrum }: Target): string => {
  const range = `[${short(low)}, ${short(high)}], condition number ${short(kappa)}`
  if (matrix === null || spectrum === null) return `${label}: spectrum in ${range}`
  const found =
    eigenvalues === null
      ? 'by Lanczos steps, with a margin'
      : `${eigenvalues.length === matrix.n ? 'all' : ''} ${eigenvalues.length} different eigenvalues`.trim()
  return (
    `${label}: ${matrix.n} unknowns; scaled to a unit diagonal its spectrum lies in ${range}\n` +
    `             (${found}, ${spectrum.products} products)`
  )
}

const boundLines = (bound: Bound, n: number | null): readonly string[] => {
  const where = bound.on === 'interval' ? 'with its spectrum there' : 'with these eigenvalues'
  const how = bound.rigorous ? 'proved in interval arithmetic' : 'by a fine sample: no proof'
  const first = `guarantee    ||x - xhat|| <= ${upTo(bound.factor)} ||x|| for every SPD matrix ${where}, ${how}`
  if (n === null) return [first]
  const more = bound.rounding(n)
  return [
    first,
    `             in exact arithmetic; rounding in float64 adds ${Number.isFinite(more) ? `at most ${upTo(more, 1)}` : 'what has no useful bound'} at n = ${n}`
  ]
}

const measuredLines = ({ operator, runs }: Judgement, count: number): readonly string[] => [
  ...(operator === null
    ? []
    : [`measured     ${scientific(operator.residual)} at most of |1 - lambda p(lambda)| on the ${count} eigenvalues`]),
  ...(runs === null
    ? []
    : [
        `             ${scientific(runs.largest)} on the matrix itself: its ${runs.form} in float64 for ${runs.systems} right-hand sides, random`,
        `             (${scientific(runs.random)}) and turned towards the worst`
      ])
]

export const report = (all: Report, { from, ms }: { readonly from: string | undefined; readonly ms: number }): void => {
  const { target, made, judgement, card, out } = all
  const layers = made.layers === 1 ? '1 layer' : `${made.layers} layers`
  say(targetLine(target))
  say(`trained      ${layers}, ${card.parameters} scalars, in ${duration(ms)}`)
  for (const line of boundLines(judgement.bound, target.matrix?.n ?? null)) say(line)
  for (const line of measuredLines(judgement, target.eigenvalues?.length ?? 0)) say(line)
  if (!judgement.holds) say('             MORE than the guarantee and its rounding allow')
  say(
    `\nThe weights are in ${out}${from === undefined ? '' : `; solve with them by: ansatz solve ${from} --model ${out}`}`
  )
}
