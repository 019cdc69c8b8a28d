/** Reports of solutions: for people, one system or a batch; and as JSON. */
import type { SystemFile } from '../../io/system'
import { formOf } from '../../solve/explain'
import type { BackendUsed, Solution, Status } from '../../solve/solve'
import { duration, scientific, table, wrap } from '../print'

/** What of the command's options a report speaks of. */
export interface ReportOptions {
  readonly tol: number
  readonly out?: string
}

// --- words -----------------------------------------------------------------------------------------------------------

const statuses: Readonly<Record<Status, string>> = {
  certified: 'certified',
  not_attained: 'not certified: the tolerance is below what float64 attains here',
  singular: 'not certified: A is singular to working precision',
  ill_conditioned: 'not certified: A is nearly singular, so that x may have no correct digit',
  stagnated: 'not certified: refinement stopped gaining',
  max_iterations: 'not certified: stopped while it was still gaining',
  interrupted: 'not certified: interrupted',
  proposed: "not certified: the network's own answer, unrefined"
}

const paths: Readonly<Record<Solution['path'], string>> = {
  neural: "neural: the network's first answer, as it is",
  refined: "refined: the network's answers to float64 residuals, summed",
  classical: 'classical: a float64 factorisation'
}

const short = (value: number): string => {
  const size = Math.abs(value)
  return size === 0 || (size >= 1e-2 && size < 1e5) ? String(Number(value.toPrecision(3))) : scientific(value)
}

const sufficed = (s: Solution): string =>
  s.networkSufficed === null
    ? 'no network was tried'
    : s.networkSufficed
      ? 'yes: its own answer, refined, is enough'
      : 'no'

const modelLine = ({ model }: Solution): string => {
  if (model === null) return 'none'
  const { name, depth, kappa, trainedOn } = model
  const purpose =
    trainedOn !== null
      ? `trained on ${trainedOn}`
      : kappa === null
        ? null
        : `made for condition numbers up to ${short(kappa)}`
  return [`${name}: ${depth} layer${depth === 1 ? '' : 's'}`, purpose, formOf(model)]
    .filter((p) => p !== null)
    .join(', ')
}

const times = ({ timings }: Solution): string => {
  const { total, ...stages } = timings
  const parts = Object.entries(stages).flatMap(([name, ms]) => (ms >= 0.05 ? [`${name} ${duration(ms)}`] : []))
  return `${duration(total)} in all${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`
}

const products = (s: Solution): string => {
  const passes = `${s.passes} pass${s.passes === 1 ? '' : 'es'} of the network, `
  const more = s.conditionProducts === 0 ? '' : `, and ${s.conditionProducts} for the condition`
  return `${s.passes === 0 ? '' : passes}${s.products} matrix-vector products${more}`
}

const first = (x: Float64Array): string => {
  const shown = Array.from(x.subarray(0, 4), (value) => String(Number(value.toPrecision(8))))
  return `${shown.join('  ')}${x.length > 4 ? `  ... (${x.length} numbers)` : ''}`
}

/** What computed and, where that was left to us, why. */
const backendRows = (used: readonly BackendUsed[]): readonly (readonly [string, string])[] => {
  const names = [...new Set(used.map(({ name, adapter }) => `${name} (${adapter})`))]
  const reasons = [...new Set(used.map(({ because }) => because))].filter((reason) => reason !== 'asked for')
  return [
    ['backend', names.length === 0 ? 'none' : names.join(', ')],
    ...reasons.map((reason) => ['', reason] as const)
  ]
}

// --- reports ---------------------------------------------------------------------------------------------------------

const rows = (pairs: readonly (readonly [string, string])[]): string =>
  table(pairs.map(([name, text]) => [`  ${name}`, ` ${text}`]))

/** One system in full. */
export const report = (s: Solution, file: SystemFile, o: ReportOptions): string => {
  const { normwise, componentwise, rounding } = s.backwardError
  const { condition, spectrum, backend } = s
  const pairs: (readonly [string, string])[] = [
    ['status', statuses[s.status]],
    [
      'backward error',
      `${scientific(normwise)} normwise (tolerance ${scientific(o.tol)}), ${scientific(componentwise)} componentwise`
    ],
    [
      '',
      `up to ${scientific(rounding)} more may hide in the rounding of the residual${s.backwardError.compensated ? ', formed with twice the digits' : ''}`
    ],
    ['path', `${paths[s.path]}${s.classical === null ? '' : ` (${s.classical === 'lu' ? 'LU' : 'Cholesky'})`}`],
    ['network enough', sufficed(s)],
    ['model', modelLine(s)],
    ...backendRows(backend === null ? [] : [backend])
  ]
  if (condition !== null) {
    const by = condition.how === 'network' ? 'the network' : condition.how === 'lu' ? 'LU' : 'Cholesky'
    pairs.push([
      'condition',
      `${scientific(condition.estimate)} in the 1-norm, ${scientific(condition.scaled)} after diagonal scaling (estimated by ${by})`
    ])
  }
  if (spectrum !== null) {
    pairs.push([
      'spectrum',
      `[${short(spectrum.low)}, ${short(spectrum.high)}] after diagonal scaling (condition number ${short(spectrum.kappa)})`
    ])
  }
  pairs.push(['work', products(s)], ['times', times(s)])
  pairs.push(['b', s.bSource === 'ones' ? 'none was given: b = A * ones, so that the exact x is all ones' : 'as given'])
  if (o.out === undefined) pairs.push(['x', first(s.x)])
  const sentences = s.explanation.length === 0 ? [] : ['', wrap(s.explanation.join(' '), '  ')]
  const notes = file.notes.map((text) => wrap(`Note: ${text}`, '  '))
  return [`${file.name}: ${file.n} unknowns`, '', rows(pairs), ...sentences, ...notes].join('\n')
}

const counted = (words: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}

const mostNamed = 5

/** A batch in summary, and those of its systems that are not certified. */
export const reportBatch = (all: readonly Solution[], file: SystemFile, o: ReportOptions): string => {
  const worst = (f: (s: Solution) => number): number => all.reduce((most, s) => Math.max(most, f(s)), 0)
  const [one] = all
  const bad = all.filter((s) => s.status !== 'certified')
  // Right-hand sides of one matrix run together, in one way; systems of a batch may have models of their own.
  const named = ({ model }: Solution): readonly string[] =>
    model === null ? [] : [file.rhs > 1 ? `${model.name}, ${formOf(model)}` : model.name]
  const models = [...new Set(all.flatMap(named))]
  const enough = all.filter((s) => s.networkSufficed === true).length
  const pairs: (readonly [string, string])[] = [
    ['status', counted(all.map((s) => s.status))],
    [
      'backward error',
      `${scientific(worst((s) => s.backwardError.normwise))} normwise at most (tolerance ${scientific(o.tol)})`
    ],
    ['paths', counted(all.map((s) => s.path))],
    ['network enough', `for ${enough} of ${all.length}`],
    ['models', models.length === 0 ? 'none' : models.join(', ')],
    ...backendRows(all.flatMap((s) => (s.backend === null ? [] : [s.backend]))),
    [
      'work',
      `${worst((s) => s.passes)} passes and ${worst((s) => s.products)} matrix-vector products at most for a system`
    ]
  ]
  if (one !== undefined) pairs.push(['times', times(one)])
  if (one?.bSource === 'ones') pairs.push(['b', 'none was given: b = A * ones, so that the exact x is all ones'])
  const failed = bad.slice(0, mostNamed).map((s) => `  ${s.name ?? ''}: ${statuses[s.status]}`)
  const more =
    bad.length > mostNamed ? [`  and ${bad.length - mostNamed} more that are not certified (--json lists them)`] : []
  return [
    file.rhs > 1
      ? `${file.name}: ${all.length} right-hand sides, ${file.n} unknowns`
      : `${file.name}: ${all.length} systems of ${file.n} unknowns`,
    '',
    rows(pairs),
    ...(failed.length === 0 ? [] : ['', ...failed, ...more])
  ].join('\n')
}

/** A solution as JSON has it; `x` is left out where it went to a file. */
export const solutionJson = (s: Solution, o: ReportOptions): unknown => {
  const { _tag, x, name, n, status, ...rest } = s
  return {
    name,
    n,
    status,
    certified: status === 'certified',
    tolerance: o.tol,
    ...rest,
    ...(o.out === undefined ? { x } : { out: o.out })
  }
}
