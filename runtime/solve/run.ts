/**
 * Solving: scale, propose by a network, refine, certify; where that does not suffice, factor. Nothing is called certified
 * that was not checked in float64.
 */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import * as I from '../../spec/infer'

import type { Source } from './choose'
import { type Factors, factor, solveClassically } from './classical'
import { prepareColumns, readsColumns } from './columns'
import { type Ending, finish } from './finish'
import { isAttained, type Job } from './job'
import { sourceOf } from './models'
import { solveByNetworks } from './neural'
import { type Prepared, prepare, withRightHandSide } from './prepare'
import { isShared, judge, nameOf } from './question'
import { type Devices, devicesFor, type Session, session } from './session'
import {
  type LinearSystem,
  type LinearSystems,
  type Solution,
  type SolveError,
  type SolveOptions,
  solveError
} from './solution'

// --- stages ----------------------------------------------------------------------------------------------------------

const jobsOf = (all: LinearSystems, given: Source | null): readonly Job[] => {
  const { n, batch, A, b, names } = all
  const shared = isShared(all)
  const prepared = (own: Float64Array, side: Float64Array) =>
    given !== null && readsColumns(given.model) ? prepareColumns(given.model, own, side, n) : prepare(own, side, n)
  const first = shared ? prepared(A, b.subarray(0, n)) : null
  return Array.from({ length: batch }, (_, k): Job => {
    const own = shared ? A : A.subarray(k * n * n, (k + 1) * n * n)
    const side = b.subarray(k * n, (k + 1) * n)
    const found =
      first === null ? prepared(own, side) : E.map((p: Prepared) => (k === 0 ? p : withRightHandSide(p, side)))(first)
    const products = E.isRight(found) ? found.right.products : found.left.products
    return {
      name: names?.[k] ?? nameOf(all, k),
      n,
      A: own,
      b: side,
      shared,
      prepared: E.isRight(found) ? found.right : null,
      lanczosProducts: shared && k > 0 ? 0 : products,
      because: E.isRight(found) ? null : found.left.because,
      task: null,
      source: null,
      choice: null,
      outside: null,
      deepened: 0,
      best: null,
      condition: null,
      conditionProducts: 0,
      classical: null,
      interrupted: false,
      failure: null
    }
  })
}

/** The symmetric scaling, where there is one: what a network that reads columns is given says nothing of symmetry. */
const symmetricOf = ({ prepared }: Job): Prepared | null => (prepared?.spectrum === null ? null : prepared)

/** Factor what the networks left over. */
const solveTheRest = (jobs: readonly Job[], s: Session): void => {
  let factors: Factors | null = null
  for (const job of jobs) {
    const stands = isAttained(job, s.tol) && job.condition !== null
    if (stands || job.interrupted) continue
    if (s.isAborted()) {
      job.interrupted = true
      continue
    }
    s.progress({ stage: 'classical', pass: 0, systems: 1, attained: 0 })
    if (factors === null || !job.shared) factors = factor(job.A, job.n, symmetricOf(job))
    job.classical = solveClassically(factors, job.A, job.b, s.tol)
  }
}

/** Whether systems are like those that a network which reads columns was trained on; other networks read nothing for it. */
const lookOutside = async (jobs: readonly Job[], { model, valid = null }: Source): Promise<void> => {
  if (valid === null || !readsColumns(model)) return
  const { outside } = await import('./outside')
  for (const job of jobs) {
    const condition = job.classical?.condition ?? job.condition
    if (job.task !== null) job.outside = outside(valid, { A: job.A, n: job.n, condition })
  }
}

/** What is wrong where a network is made for another number of unknowns. */
const misfitOf = ({ name, model }: Source, n: number): SolveError | null => {
  const typed = I.infer(model)
  if (E.isLeft(typed)) return solveError('model', `${name}: ${I.show(typed.left)}`)
  const made = typed.right.n
  return made === null || made === n
    ? null
    : solveError(
        'model',
        `${name} is made for systems of ${made} unknowns, found ${n}; leave the model out, or train one for n = ${n}`
      )
}

/** No network proposes anything for such a matrix. */
const noProposal = (jobs: readonly Job[]): SolveError | null => {
  const job = jobs.find(({ prepared, failure }) => prepared === null || failure !== null)
  if (job === undefined) return null
  if (job.failure !== null) return solveError('backend', job.failure)
  const where = job.name === null ? '' : `${job.name}: `
  return solveError('model', `${where}no network proposes an answer: A ${job.because}; solve it without propose-only`)
}

const run = async (
  systems: LinearSystems,
  options: SolveOptions,
  devices: Devices
): Promise<E.Either<SolveError, readonly Solution[]>> => {
  const judged = judge(systems, options)
  if (E.isLeft(judged)) return judged
  const s = session(options, devices)
  // A backend that was asked for by name is tried whether or not a network will need it.
  if (options.backend !== undefined && options.backend !== 'auto') {
    const opened = await s.time('compile', () => s.open(null, false))
    if (E.isLeft(opened)) return E.left(solveError('backend', opened.left.message))
  }
  const given = options.model === undefined ? E.right(null) : await sourceOf(options.model)
  if (E.isLeft(given)) return given
  const misfit = given.right === null ? null : misfitOf(given.right, systems.n)
  if (misfit !== null) return E.left(misfit)
  s.progress({ stage: 'prepare', pass: 0, systems: systems.batch, attained: 0 })
  const jobs = await s.time('prepare', async () => jobsOf(systems, given.right))
  const ran = await solveByNetworks(jobs, s, given.right)
  if (E.isLeft(ran)) return ran
  if (options.proposeOnly) {
    const none = noProposal(jobs)
    if (none !== null) return E.left(none)
  } else {
    await s.time('classical', async () => solveTheRest(jobs, s))
  }
  if (given.right !== null) await lookOutside(jobs, given.right)
  const taken = s.taken()
  const ending: Ending = {
    tol: s.tol,
    proposeOnly: options.proposeOnly === true,
    device:
      taken === null ? null : { name: taken.device.backend, adapter: taken.device.adapter, because: taken.because },
    timings: s.timings(),
    bSource: systems.bSource ?? 'given'
  }
  return E.right(jobs.map((job) => finish(job, ending)))
}

// --- the library's functions -------------------------------------------------------------------------------------------

const asBatch = ({ n, A, b, name, bSource }: LinearSystem): LinearSystems => ({
  n,
  batch: 1,
  A,
  b,
  ...(name === undefined ? {} : { names: [name] }),
  ...(bSource === undefined ? {} : { bSource })
})

const first = (solutions: readonly Solution[]): Solution => {
  const solution = solutions[0]
  if (solution === undefined) throw new Error('internal: no solution')
  return solution
}

/** An opened solver: its backend and its compiled networks serve every call until it is closed. */
export interface Solver {
  readonly solve: (system: LinearSystem, options?: Omit<SolveOptions, 'backend'>) => TaskEither<SolveError, Solution>
  readonly solveBatch: (
    systems: LinearSystems,
    options?: Omit<SolveOptions, 'backend'>
  ) => TaskEither<SolveError, readonly Solution[]>
  readonly close: () => Promise<void>
}

/** A solver on a backend (`auto` if none is named); nothing is opened before a network is needed. */
export const solver = (backend = 'auto'): Solver => {
  const devices = devicesFor(backend)
  return {
    solve: (system, options) => async () => E.map(first)(await run(asBatch(system), { ...options, backend }, devices)),
    solveBatch: (systems, options) => () => run(systems, { ...options, backend }, devices),
    close: devices.close
  }
}

const closing =
  <A>(backend: string | undefined, body: (devices: Devices) => Promise<A>) =>
  async (): Promise<A> => {
    const devices = devicesFor(backend ?? 'auto')
    try {
      return await body(devices)
    } finally {
      await devices.close()
    }
  }

/**
 * Solve `A x = b`. `Left` if the question is wrong: shapes, entries that are not finite, an unknown model, a backend that
 * cannot run. Every other outcome is a `Solution` whose status says how good it is.
 */
export const solve = (system: LinearSystem, options: SolveOptions = {}): TaskEither<SolveError, Solution> =>
  closing(options.backend, async (devices) => E.map(first)(await run(asBatch(system), options, devices)))

/**
 * Solve many systems of one size: all those that share a network run in one compiled call a pass. Where one matrix `[n, n]`
 * is given for all right-hand sides, it is looked at, estimated and factored once.
 */
export const solveBatch = (
  systems: LinearSystems,
  options: SolveOptions = {}
): TaskEither<SolveError, readonly Solution[]> => closing(options.backend, (devices) => run(systems, options, devices))
