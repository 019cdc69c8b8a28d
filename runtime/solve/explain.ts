/** Sentences that tell a reader what was done, and what was not enough and why. */
import { attains } from './certify'
import type { Job } from './job'
import type { ModelUsed, Solution } from './solution'

const short = (x: number): string =>
  Number.isFinite(x)
    ? Math.abs(x) >= 1e-2 && Math.abs(x) < 1e4
      ? `${Number(x.toPrecision(2))}`
      : x.toExponential(1)
    : `${x}`

const times = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 'es'}`

/** `its tokens`, `as a polynomial of degree 24 in A`: how a network ran. */
export const formOf = ({ way, degree, products, matrixProducts }: ModelUsed): string => {
  switch (way) {
    case 'literal':
      return 'its tokens'
    case 'lazy':
      return degree === null
        ? `lazily in ${products} products of A and a vector`
        : `as a polynomial of degree ${degree} in A`
    case 'strided':
      return `as a polynomial of degree ${degree} in A, by ${products} products with a vector and ${matrixProducts} of matrices`
  }
}

/** "the network block-linear-3 (3 layers, a polynomial of degree 25 in A)". */
const network = (s: Omit<Solution, 'explanation'>): string => {
  const { model } = s
  if (model === null) return 'the network'
  return `the network ${model.name} (${model.depth} layers, ${formOf(model)})`
}

/** Why the network's answer, refined, was not enough. */
const whyNot = (job: Job, tol: number): string => {
  const { task, best, failure, deepened } = job
  if (failure !== null) return `the device failed: ${failure}`
  if (task === null) return ''
  const reached = best === null ? '' : `; its backward error was ${short(best.certificate.normwise)}`
  const deeper = deepened === 0 ? '' : `, with deeper networks too`
  switch (task.verdict) {
    case 'diverged':
      if (best !== null && attains(best.certificate, tol)) {
        const own = short(best.certificate.componentwise)
        return `it left single equations with a backward error of ${own}: their entries are too small beside others for float32`
      }
      return task.system.spectrum === null
        ? `its passes did not shrink the residual${reached}`
        : `its passes did not shrink the residual, in wider windows neither${deeper}${reached}`
    case 'slow':
      return task.system.spectrum === null
        ? `its passes shrink the residual too slowly${reached}`
        : `its passes shrink the residual too slowly: the scaled condition number is beyond its reach${reached}`
    case 'limit':
      return `${times(task.passes, 'pass')} did not reach ${short(tol)}${reached}`
    case 'done':
      return job.condition === null
        ? 'solving other right-hand sides with it did not converge, so that A may be singular'
        : 'it met the tolerance'
    case 'running':
    case 'interrupted':
      return 'it was interrupted'
  }
}

const ofNetwork = (s: Omit<Solution, 'explanation'>, job: Job, tol: number): string => {
  if (s.status === 'proposed') {
    const digits = s.backend?.name === 'interpreter' ? 'float64' : 'float32'
    return `This is the own answer of ${network(s)}, in ${digits}, unrefined: nothing was made of its error.`
  }
  if (job.task === null || (job.task.passes === 0 && job.task.verdict !== 'done')) {
    const other = job.because === null ? 'no pass was allowed' : `A ${job.because}`
    return `No network was tried: ${job.failure === null ? other : whyNot(job, tol)}.`
  }
  if (s.networkSufficed === true) {
    if (s.passes === 0) return 'b is zero, and so is x.'
    const used = network(s)
    const what = `${used[0]?.toUpperCase()}${used.slice(1)}`
    return s.path === 'neural'
      ? `${what} met the tolerance with its own answer.`
      : `${what}, refined with float64 residuals in ${times(s.passes, 'pass')}, was enough.`
  }
  return `The own answer of ${network(s)}, refined, was not enough: ${whyNot(job, tol)}.`
}

/** What a network that reads columns was not trained for. */
const ofTraining = ({ model }: Omit<Solution, 'explanation'>, { outside }: Job): string | null =>
  outside === null || model === null
    ? null
    : `It was trained on ${model.trainedOn}; A ${outside}: it was not trained for such systems.`

const ofCondition = (s: Omit<Solution, 'explanation'>): string | null => {
  switch (s.status) {
    case 'singular':
      return (
        'A is singular to working precision: the answer, if there is one, is one of many, and its small backward ' +
        'error says nothing about the distance to any other.'
      )
    case 'ill_conditioned':
      return (
        `A is nearly singular (scaled condition number ${short(s.condition?.scaled ?? Infinity)}): ` +
        'the backward error is small, but no digit of x can be trusted.'
      )
    case 'not_attained':
      return `A backward error of ${short(s.backwardError.normwise)} is what float64 attains here; ask for a larger tol.`
    case 'stagnated':
      return `Refinement stopped at a backward error of ${short(s.backwardError.normwise)}.`
    case 'max_iterations':
      return `Refinement was stopped at a backward error of ${short(s.backwardError.normwise)}; allow more passes.`
    case 'interrupted':
      return 'It was interrupted; this is the best answer so far.'
    case 'certified':
    case 'proposed':
      return null
  }
}

const ofFactors = (s: Omit<Solution, 'explanation'>): string | null => {
  if (s.classical === null || s.status === 'singular') return null
  const how = s.classical === 'cholesky' ? 'Cholesky factorisation' : 'LU factorisation with equilibration'
  return `The answer is from a float64 ${how} with refinement.`
}

/** The sentences of a solution, in reading order. */
export const sentences = (s: Omit<Solution, 'explanation'>, job: Job, tol: number): readonly string[] =>
  [
    ofNetwork(s, job, tol),
    ofTraining(s, job),
    ofFactors(s),
    job.classical?.note ?? null,
    ofCondition(s),
    s.bSource === 'ones' ? 'No right-hand side was given: b = A * ones, so that x should be all ones.' : null
  ].filter((sentence) => sentence !== null)
