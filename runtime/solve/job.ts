/** One system on its way from question to solution. */
import { attains, certificate, isEven } from './certify'
import type { Choice, Source } from './choose'
import type { Classical } from './classical'
import { outOfUnits, type Prepared } from './prepare'
import type { Task } from './refine'
import type { Certificate, Condition } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Job {
  readonly name: string | null
  readonly n: number
  readonly A: Float64Array
  readonly b: Float64Array
  /** A is the matrix of all other jobs too. */
  readonly shared: boolean
  /** null where no network is meant for A; `because` says why. */
  readonly prepared: Prepared | null
  readonly lanczosProducts: number
  because: string | null
  task: Task | null
  source: Source | null
  choice: Choice | null
  /** Why the network that reads its columns was not trained for it, as the end of a sentence that begins with "A ". */
  outside: string | null
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
