/** The end of a system's way: its status, its path and its solution. */
import { kappaOf, show } from '../../spec/family'
import { certificate, conditionStatus } from './certify'
import type { Source } from './choose'
import { readsColumns } from './columns'
import * as explain from './explain'
import { isAttained, type Job } from './job'
import type { BackendUsed, Certificate, ModelUsed, Path, RightHandSide, Solution, Status, Timings } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

/** What a solution says beside its own system's work. */
export interface Ending {
  readonly tol: number
  readonly proposeOnly: boolean
  readonly device: BackendUsed | null
  readonly timings: Timings
  readonly bSource: RightHandSide
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** Whether the network's answer stands: attained, and its condition known. */
const networkStands = (job: Job, tol: number): boolean => isAttained(job, tol) && job.classical === null

/** What a network was made for. */
const purposeOf = ({ model, kappa, valid = null }: Source): Pick<ModelUsed, 'kappa' | 'trainedOn'> =>
  readsColumns(model)
    ? { kappa: valid === null ? null : (kappaOf(valid)?.high ?? null), trainedOn: valid === null ? null : show(valid) }
    : { kappa, trainedOn: null }

const modelUsed = ({ choice, source, task }: Job): ModelUsed | null =>
  choice === null || source === null || task === null
    ? null
    : {
        name: choice.name,
        depth: choice.depth,
        degree: choice.degree,
        way: choice.way,
        products: choice.products,
        matrixProducts: choice.matrixProducts,
        because: choice.because,
        ...purposeOf(source)
      }

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
