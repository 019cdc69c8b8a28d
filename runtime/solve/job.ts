/** One system on its way from question to solution. */
import type { BackendName } from '../gpujs/error'
import { attains, certificate, conditionStatus, isEven } from './certify'
import type { Choice, Source } from './choose'
import type { Classical } from './classical'
import * as explain from './explain'
import { outOfUnits, type Prepared } from './prepare'
import type { Task } from './refine'
import type { Certificate, Condition, ModelUsed, Path, RightHandSide, Solution, Status, Timings } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Job {
  readonly name: string | null
  readonly n: number
  readonly A: Float64Array
  readonly b: Float64Array
  /** null where no network is meant for A; `because` says why. */
  readonly prepared: Prepared | null
  readonly lanczosProducts: number
  because: string | null
  task: Task | null
  source: Source | null
  choice: Choice | null
  /** How often a deeper network was taken. */
  deepened: number
  best: { readonly x: Float64Array; readonly certificate: Certificate; readonly pass: number } | null
  condition: Condition | null
  conditionProducts: number
  classical: Classical | null
  /** Set where work ended before a network or a factorisation had its say. */
  interrupted: boolean
  /** What went wrong on the device, if anything. */
  failure: string | null
}

export interface Ending {
  readonly tol: number
  readonly proposeOnly: boolean
  readonly device: { readonly name: BackendName; readonly adapter: string } | null
  readonly timings: Timings
  readonly bSource: RightHandSide
}

// --- combinators -----------------------------------------------------------------------------------------------------

/** The task's present answer, kept if it is the best so far. */
export const keepBest = (job: Job, task: Task, tol: number, goal: number): Certificate => {
  const { A, b, n } = job
  const x = outOfUnits(task.system.d, task.y, task.system.unit)
  const found = certificate(A, x, b, n, tol)
  task.products++
  if (job.best === null || isBetter(found, job.best.certificate, goal)) {
    job.best = { x, certificate: found, pass: task.passes }
  }
  return job.best.certificate
}

/** Smaller normwise; or below the goal, where that no longer matters, smaller componentwise. */
const isBetter = (a: Certificate, b: Certificate, goal: number): boolean =>
  Math.max(a.normwise, goal) < Math.max(b.normwise, goal) ||
  (a.normwise <= goal && b.normwise <= goal && a.componentwise < b.componentwise)

/** Whether the network's answer meets the tolerance, and no equation is left out. */
export const isAttained = (job: Job, tol: number): boolean =>
  job.best !== null && attains(job.best.certificate, tol) && isEven(job.best.certificate, tol)

// --- destructors -----------------------------------------------------------------------------------------------------

/** Whether the network's answer stands: attained, and its condition known. */
const networkStands = (job: Job, tol: number): boolean => isAttained(job, tol) && job.classical === null

const modelUsed = ({ choice, task }: Job): ModelUsed | null =>
  choice === null || task === null
    ? null
    : { name: choice.name, depth: choice.depth, degree: choice.degree, kappa: choice.kappa }

const pathOf = (job: Job): Path =>
  job.classical !== null ? 'classical' : (job.best?.pass ?? 0) <= 1 ? 'neural' : 'refined'

const statusOf = (job: Job, { tol, proposeOnly }: Ending): Status => {
  const { classical, condition } = job
  if (classical !== null) {
    return classical.status === 'singular' ? 'singular' : (conditionStatus(classical.condition) ?? classical.status)
  }
  if (job.interrupted) return 'interrupted'
  if (proposeOnly) return 'proposed'
  if (!networkStands(job, tol)) return job.task?.verdict === 'limit' ? 'max_iterations' : 'stagnated'
  return condition === null ? 'ill_conditioned' : (conditionStatus(condition) ?? 'certified')
}

/** The better of the network's and the classical answer; a singular matrix has perhaps the network's alone. */
const answerOf = (job: Job): { readonly x: Float64Array; readonly certificate: Certificate } => {
  const { best, classical, A, b, n } = job
  if (classical !== null) {
    const { x, backwardError } = classical
    return best !== null && classical.status === 'singular' ? best : { x, certificate: backwardError }
  }
  if (best !== null) return best
  const x = new Float64Array(n).fill(NaN)
  return { x, certificate: certificate(A, x, b, n, 0) }
}

/** The solution of a job that is over. */
export const finish = (job: Job, ending: Ending): Solution => {
  const { n, name, task, classical, prepared } = job
  const { x, certificate: backwardError } = answerOf(job)
  const status = statusOf(job, ending)
  const tried = task !== null && task.passes + (task.verdict === 'done' ? 1 : 0) > 0
  const partial = {
    _tag: 'Solution' as const,
    name,
    n,
    x,
    status,
    path: pathOf(job),
    networkSufficed: tried && !ending.proposeOnly && !job.interrupted ? networkStands(job, ending.tol) : null,
    backwardError,
    condition: classical?.condition ?? job.condition,
    spectrum: prepared?.spectrum ?? null,
    model: modelUsed(job),
    products: job.lanczosProducts + (task?.products ?? 0) + (classical?.products ?? 0),
    conditionProducts: job.conditionProducts,
    passes: task?.passes ?? 0,
    classical: classical?.classical ?? null,
    backend: tried ? ending.device : null,
    timings: ending.timings,
    bSource: ending.bSource
  }
  return { ...partial, explanation: explain.sentences(partial, job, ending.tol) }
}
