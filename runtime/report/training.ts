/** The report of one training run: one page of HTML that holds all it shows. */
import * as E from 'fp-ts/Either'

import { show as showFamily } from '../../spec/family'
import { chain, type Recipe, type Stage } from '../../spec/recipe'
import { type Card, trainedLines } from '../checkpoint/card'
import type { Pen } from '../reproduce/plots'
import { short } from '../reproduce/report'
import { along, type History, type Judged, judgements, type Place } from '../train/history'
import { plotsOf, sparse } from './curves'
import { type Html, html, page, raw, table } from './html'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where a run stands, whichever its start. */
export type Where = Omit<Place, 'start'>

/** How a run ended. */
export type End =
  | { readonly _tag: 'finished'; readonly out: string; readonly card: Card }
  /** `goOn` is the command that goes on with it. */
  | { readonly _tag: 'interrupted'; readonly at: Where; readonly goOn: string }
  | { readonly _tag: 'failed'; readonly cause: string }

export interface TrainingReport {
  readonly recipe: Recipe
  readonly seed: number
  readonly backend: string
  readonly threads: number
  /** The folder of a dataset that was trained on. */
  readonly data: string | null
  readonly parameters: number
  /** The model as a tree. */
  readonly tree: string
  readonly end: End
  /** The last loss, or that of the weights that are the result. */
  readonly loss: number
  readonly points: History
  readonly seconds: number
  /** The machine and the date, in words. */
  readonly made: string
}

// --- words -----------------------------------------------------------------------------------------------------------

const figure = (value: number): string => (Number.isFinite(value) ? short(value) : 'none')

/** `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export const time = (seconds: number): string => {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

const kinds: Readonly<Record<Stage['_tag'], string>> = {
  scalarNodes: 'Levenberg-Marquardt, scalar nodes',
  eigenvalues: 'Levenberg-Marquardt, given eigenvalues',
  levenbergMarquardt: 'Levenberg-Marquardt, sampled systems',
  adam: 'Adam'
}

/** A stage by its number, and the recipe's name where it is one that first weights come from. */
const stageOf = (recipe: Recipe, { part, stage }: Where): string => {
  const recipes = chain(recipe)
  return `${part === recipes.length - 1 ? '' : `${recipes[part]?.name}, `}stage ${stage + 1}`
}

const placeOf = (recipe: Recipe, at: Where): string => `${stageOf(recipe, at)}, iteration ${at.iteration}`

const standsAt = ({ recipe, points }: TrainingReport): string => {
  const last = points.at(-1)
  return last === undefined ? 'before its first iteration' : `at ${placeOf(recipe, last)}`
}

const status = (r: TrainingReport): Html => {
  const { end } = r
  switch (end._tag) {
    case 'finished':
      return html`<p class="status"><b>Finished.</b> The weights are in <code>${end.out}</code>.</p>`
    case 'interrupted':
      return html`<p class="status short"><b>Interrupted</b> at ${placeOf(r.recipe, end.at)}: this report shows the run up to there. Go on with<br><code>${end.goOn}</code></p>`
    case 'failed':
      return html`<p class="status short"><b>Failed</b> ${standsAt(r)}: ${end.cause}</p>`
  }
}

// --- parts -----------------------------------------------------------------------------------------------------------

const least = (judged: readonly Judged[]): Judged | undefined =>
  judged.reduce<Judged | undefined>((p, q) => (p !== undefined && p.heldOut.mse <= q.heldOut.mse ? p : q), undefined)

/** Iterations of all stages: up to the last point, and from there to where the run stopped. */
const iterations = ({ points, end }: TrainingReport): number => {
  const last = along(points).at(-1)
  if (last === undefined) return 0
  const { part, stage, iteration } = last.point
  const beyond = end._tag === 'interrupted' && end.at.part === part && end.at.stage === stage
  return last.at + (beyond ? Math.max(0, end.at.iteration - iteration) : 0)
}

const facts = (r: TrainingReport): Html => {
  const best = least(judgements(r.points).filter((p) => p.part === chain(r.recipe).length - 1))
  const rows: readonly (readonly [string, string])[] = [
    ['recipe', r.recipe.name],
    ['model', `${r.recipe.model.name}, ${r.parameters} parameters`],
    ['for', showFamily(r.recipe.valid)],
    ['seed', String(r.seed)],
    ['backend', `${r.backend}${r.threads > 1 ? `, ${r.threads} threads` : ''}`],
    ...(r.data === null ? [] : [['dataset', r.data] as const]),
    ['time', time(r.seconds)],
    ['iterations', String(iterations(r))],
    ['loss', figure(r.loss)],
    ...(best === undefined
      ? []
      : [
          [
            'best on held-out systems',
            `MSE ${figure(best.heldOut.mse)}, relative error ${figure(best.heldOut.relative.median)} (median), backward error ${figure(best.heldOut.backward)} (median), at ${placeOf(r.recipe, best)}`
          ] as const
        ])
  ]
  return html`<table>${rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</table>`
}

/** One row for every stage that has points. */
const stages = ({ recipe, points }: TrainingReport): Html => {
  const placed = along(points)
  const names = [...new Set(points.map((p) => stageOf(recipe, p)))]
  const anyHeldOut = judgements(points).length > 0
  const rows = names.map((name) => {
    const own = placed.filter(({ point }) => stageOf(recipe, point) === name)
    const [first, last] = [own[0]!, own.at(-1)!]
    const before = placed[placed.indexOf(first) - 1]
    const best = least(judgements(own.map(({ point }) => point)))
    const { part, stage } = last.point
    return [
      name,
      kinds[chain(recipe)[part]?.stages[stage]?._tag ?? 'adam'],
      last.at - (before?.at ?? 0),
      time(last.point.seconds - (before?.point.seconds ?? 0)),
      figure(last.point.loss),
      ...(anyHeldOut ? [best === undefined ? '' : figure(best.heldOut.mse)] : [])
    ]
  })
  return html`<h2>Stages</h2>
<ol>${trainedLines(recipe).map((line) => html`<li>${line}</li>`)}</ol>
${table(['stage', 'by', 'iterations', 'time', 'last loss', ...(anyHeldOut ? ['best held-out MSE'] : [])], rows)}`
}

const measured = ({ end }: TrainingReport): readonly Html[] =>
  end._tag !== 'finished' || end.card.measured.length === 0
    ? []
    : [
        html`<h2>Accuracy of the weights, unrefined</h2>
${table(
  ['condition number', 'n', 'systems', 'mean square error'],
  end.card.measured.map((m) => [m.kappa ?? '', m.n, m.systems, m.mse.toExponential(2)])
)}`
      ]

const judged = ({ recipe, points }: TrainingReport): readonly Html[] => {
  const all = judgements(points)
  const columns = [
    '',
    'iteration',
    'time',
    'training loss',
    'MSE',
    'relative, median',
    'relative, mean',
    'backward, median',
    'systems'
  ]
  const shown = sparse(all)
  const rows = shown.map((p) => {
    const { mse, relative, backward, systems } = p.heldOut
    return [
      stageOf(recipe, p),
      p.iteration,
      time(p.seconds),
      ...[p.loss, mse, relative.median, relative.mean, backward].map(figure),
      systems
    ]
  })
  return all.length === 0
    ? []
    : [
        html`<h2>Held-out systems</h2>
<p>Systems that were not trained on judged the weights ${all.length === 1 ? 'once' : `${all.length} times`}.</p>
<details><summary>${shown.length === all.length ? 'All judgements' : `${shown.length} judgements, evenly chosen`}</summary>
${table(columns, rows)}
</details>`
      ]
}

// --- the page --------------------------------------------------------------------------------------------------------

/** The page; a Left says in one sentence what cannot be drawn. */
export const trainingReport = async (draw: Pen, r: TrainingReport): Promise<E.Either<string, string>> => {
  const figures: Html[] = []
  for (const plot of plotsOf(r.points)) {
    const drawn = await draw(plot)
    if (E.isLeft(drawn)) return drawn
    figures.push(html`<figure>${raw(drawn.right.svg)}<figcaption>${plot.caption}</figcaption></figure>`)
  }
  return E.right(
    page(`Training of ${r.recipe.name}`, [
      html`<h1>Training of ${r.recipe.name}</h1>`,
      html`<p class="quiet">${r.made}</p>`,
      status(r),
      facts(r),
      html`<h2>Curves</h2>`,
      ...(figures.length === 0 ? [html`<p>There is no point of a curve yet.</p>`] : figures),
      ...measured(r),
      stages(r),
      ...judged(r),
      html`<h2>Model</h2><pre>${r.tree}</pre>`
    ])
  )
}
