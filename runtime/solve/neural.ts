/** The network's path: groups of systems that share a network, refined in lockstep, then their condition estimates. */
import * as E from 'fp-ts/Either'
import type { Force, Work } from '../weights/cost'
import { type Choice, choiceOf, type Source } from './choose'
import { type Factors, factor } from './classical'
import { largestKappa, roughChoice } from './closed-forms'
import { readsColumns } from './columns'
import { conditionsByNetwork } from './condition'
import { isAttained, type Job, keepBest } from './job'
import { isLittle, passesInAll } from './little'
import { sourceFor } from './models'
import type { Device, Network, Slots } from './network'
import { isWhole, rayleigh } from './prepare'
import { refine, type Task, task } from './refine'
import type { Session } from './session'
import { type SolveError, solveError } from './solution'

type Step<A> = Promise<E.Either<SolveError, A>>

/** Matrix entries that one compiled call holds, and systems. */
const [mostEntries, mostSystems] = [2 ** 24, 2 ** 14]
/** Matrix entries from which on a second, shorter network pays for the condition estimate. */
const worthRough = 2 ** 18
/** A tolerance that a float32 answer meets on its merits; below it, one more pass is always worth its while. */
const withinFloat32 = 1e-7
/** How often a deeper closed form is tried where the interval turns out longer than it looked. */
const mostDeepenings = 3
/** A pass that leaves more than this of a residual was made for another interval. */
const slowForAuto = 0.3
const slowForGiven = 0.97
/** The low end of an interval that 32 steps saw only in part. */
const safety = 1.3

// --- choosing --------------------------------------------------------------------------------------------------------

/** A network for every job that one is meant for; jobs that none is meant for say why. */
const choose = async (jobs: readonly Job[], { options }: Session, given: Source | null): Step<void> => {
  for (const job of jobs) {
    const { prepared } = job
    if (prepared === null) continue
    if (given !== null) {
      job.source = given
      continue
    }
    if (prepared.spectrum === null) throw new Error('internal: no spectrum to choose a network by')
    const kappa = options.proposeOnly ? Math.min(prepared.spectrum.kappa, largestKappa) : prepared.spectrum.kappa
    const found = await sourceFor(kappa, isWhole(job.n) ? 1.02 : safety, jobs.length > 1)
    if (found === null) {
      const size = kappa < Infinity ? `about ${kappa.toExponential(1)}` : 'beyond float64'
      job.because = `has the scaled condition number ${size}, and above ${largestKappa} float32 proposals do not pay`
      continue
    }
    if (E.isLeft(found)) return found
    job.source = found.right
  }
  return E.right(undefined)
}

/** A deeper network where a slow pass showed a lower end of the interval; whether there is one. */
const deepen = async (job: Job, t: Task): Step<boolean> => {
  const { prepared, source } = job
  if (prepared === null || prepared.spectrum === null || source === null || job.deepened >= mostDeepenings)
    return E.right(false)
  t.products++
  const seen = prepared.spectrum.high / rayleigh(prepared, t.r)
  const found = await sourceFor(Math.max(3 * source.kappa, 2 * seen), 1, false)
  if (found === null) return E.right(false)
  if (E.isLeft(found)) return found
  job.source = found.right
  job.deepened++
  return E.right(true)
}

// --- groups ----------------------------------------------------------------------------------------------------------

const grouped = (jobs: readonly Job[]): readonly (readonly [Source, readonly Job[]])[] => {
  const groups = new Map<Source, Job[]>()
  for (const job of jobs) {
    if (job.source === null) continue
    const members = groups.get(job.source)
    if (members === undefined) groups.set(job.source, [job])
    else members.push(job)
  }
  return [...groups].flatMap(([source, members]) => {
    const { n } = members[0]!
    const shared = sharesMatrix(members)
    const size = Math.max(1, Math.min(mostSystems, Math.floor(mostEntries / (shared ? n : n ** 2))))
    const chunks = Array.from({ length: Math.ceil(members.length / size) }, (_, k) =>
      members.slice(k * size, (k + 1) * size)
    )
    return chunks.map((chunk) => [source, chunk] as const)
  })
}

const fail = (jobs: readonly Job[], message: string): void => {
  for (const job of jobs) job.failure ??= message
}

const forceOf = ({ options: { literal, lazy } }: Session): Force =>
  literal === true ? 'literal' : lazy === true ? 'lazy' : null

/** Networks that read columns mix A and b from the first layer on: nothing is computed of A alone. */
const sharesMatrix = ([first]: readonly Job[]): boolean => first?.shared === true && first.prepared?.spectrum !== null

/** A single right-hand side needs no program for many. */
const slotsOf = (group: readonly Job[]): Slots => ({
  batch: group.length,
  shared: sharesMatrix(group) && group.length > 1
})

/** A group's matrices and right-hand sides. */
const workOf = (group: readonly Job[]): Work => {
  const { n } = group[0]!
  const shared = sharesMatrix(group)
  return { n, batch: shared ? 1 : group.length, rhs: shared ? group.length : 1 }
}

/** The group's network, compiled; null if the device failed, which the jobs then say. */
const compile = async (s: Session, device: Device, choice: Choice, group: readonly Job[]): Promise<Network | null> => {
  s.progress({ stage: 'compile', pass: 0, systems: group.length, attained: 0 })
  const made = await s.time('compile', () => device.network(choice, group[0]!.n, slotsOf(group)))
  if (E.isRight(made)) return made.right
  fail(group, made.left.message)
  return null
}

/** The operations of all that these jobs will take, about; null if a choice fails, which refining will say. */
const workFor = async (jobs: readonly Job[], s: Session): Promise<number | null> => {
  let total = 0
  for (const [source, group] of grouped(jobs)) {
    const choice = await choiceOf(source, workOf(group), forceOf(s))
    if (E.isLeft(choice)) return null
    total += passesInAll * choice.right.operations
  }
  return total
}

/** The device for these jobs, opened; `Left` if it was asked for by name and does not work. */
const openFor = async (jobs: readonly Job[], s: Session): Step<Device> => {
  const work = await workFor(jobs, s)
  // What networks on columns take is not counted closely enough to call it little.
  const little = isLittle(work) && jobs.every(({ source }) => source !== null && !readsColumns(source.model))
  const opened = await s.time('compile', () => s.open(work, little))
  return E.mapLeft(({ message }: { readonly message: string }) => solveError('backend', message))(opened)
}

// --- refining --------------------------------------------------------------------------------------------------------

const refineGroup = async (s: Session, device: Device, source: Source, group: readonly Job[]): Step<void> => {
  const made = await choiceOf(source, workOf(group), forceOf(s))
  if (E.isLeft(made)) return E.left(solveError('model', `${source.name}: ${made.left}`))
  const choice = made.right
  const network = await compile(s, device, choice, group)
  if (network === null) return E.right(undefined)
  const tasks = group.map((job) => {
    job.choice = choice
    job.task ??= task(job.prepared!, job.prepared!.rhs)
    return job.task
  })
  const judge = (t: Task, k: number, gaining: boolean): boolean => {
    const job = group[k]!
    if (!gaining) return isAttained(job, s.tol)
    const best = keepBest(job, t, s.tol, s.goal)
    if (!isAttained(job, s.tol)) return false
    if (t.passes === 1 && s.tol >= withinFloat32) return true
    return t.share > 0.5 || (best.normwise <= s.goal && best.componentwise <= s.tol)
  }
  const slow = s.options.model === undefined ? slowForAuto : slowForGiven
  let pass = 0
  const onPass = (): void => {
    const attained = group.filter((job) => isAttained(job, s.tol)).length
    s.progress({ stage: 'refine', pass: ++pass, systems: group.length, attained })
  }
  const { signal } = s.options
  const ran = await s.time('refine', () =>
    refine(network, tasks, {
      judge,
      maxPasses: s.maxPasses,
      slow,
      anyway: s.options.proposeOnly === true,
      signal,
      onPass
    })
  )
  if (E.isLeft(ran)) fail(group, ran.left.message)
  for (const [k, job] of group.entries()) {
    if (tasks[k]!.verdict === 'done' && job.best === null) keepBest(job, tasks[k]!, s.tol, s.goal)
    if (tasks[k]!.verdict === 'interrupted') job.interrupted = true
  }
  return E.right(undefined)
}

/** Condition estimates for the jobs whose networks attained the tolerance. */
const estimateGroup = async (s: Session, device: Device, choice: Choice, group: readonly Job[]): Promise<void> => {
  const network = await compile(s, device, choice, group)
  if (network === null) return
  const entries = group.length * network.n ** 2
  const rough = entries < worthRough ? null : await roughChoice(choice, workOf(group))
  const roughNetwork = rough === null ? network : await compile(s, device, rough, group)
  if (roughNetwork === null) return
  s.progress({ stage: 'condition', pass: 0, systems: group.length, attained: group.length })
  const conditioned = group.map((job) => ({ system: job.prepared!, A: job.A }))
  const { maxPasses, options } = s
  const found = await s.time('condition', () =>
    conditionsByNetwork({ network, rough: roughNetwork }, conditioned, {
      maxPasses: Math.max(maxPasses, 12),
      signal: options.signal
    })
  )
  if (E.isLeft(found)) return fail(group, found.left.message)
  for (const [k, job] of group.entries()) {
    job.condition = found.right[k]!.condition
    job.conditionProducts = found.right[k]!.products
    if (job.condition === null && s.isAborted()) job.interrupted = true
  }
}

/** Solving with the transpose is no business of a network that reads columns: factors estimate the condition. */
const estimateByFactors = (s: Session, group: readonly Job[]): Promise<void> =>
  s.time('condition', async () => {
    s.progress({ stage: 'condition', pass: 0, systems: group.length, attained: group.length })
    let factors: Factors | null = null
    for (const job of group) {
      if (factors === null || !job.shared) factors = factor(job.A, job.n, null)
      job.condition = factors.condition()
    }
  })

// --- the path --------------------------------------------------------------------------------------------------------

/**
 * Propose, refine and estimate: afterwards a job's `best` is the network's answer, and its `condition` is known if that
 * answer stands.
 */
export const solveByNetworks = async (jobs: readonly Job[], s: Session, given: Source | null): Step<void> => {
  const chosen = await choose(jobs, s, given)
  if (E.isLeft(chosen)) return chosen
  let open = jobs.filter((job) => job.source !== null)
  if (open.length === 0) return E.right(undefined)
  const opened = await openFor(open, s)
  if (E.isLeft(opened)) return opened
  const device = opened.right

  while (open.length > 0) {
    for (const [source, group] of grouped(open)) {
      const ran = await refineGroup(s, device, source, group)
      if (E.isLeft(ran)) return ran
    }
    const again: Job[] = []
    for (const job of open) {
      const { task: t } = job
      if (t === null || job.failure !== null || t.verdict !== 'slow' || s.options.model !== undefined) continue
      const deeper = await deepen(job, t)
      if (E.isLeft(deeper)) return deeper
      if (deeper.right) again.push(job)
    }
    open = again
  }
  if (s.options.proposeOnly) return E.right(undefined)

  const standing = jobs.filter((job) => isAttained(job, s.tol) && job.failure === null && !job.interrupted)
  for (const [source, group] of grouped(standing)) {
    const [first, ...others] = group
    if (readsColumns(source.model)) {
      await estimateByFactors(s, group)
      continue
    }
    if (first === undefined || !first.shared) {
      await estimateGroup(s, device, group[0]!.choice!, group)
      continue
    }
    // One matrix has one condition, whichever right-hand side found it; its solves come one at a time.
    const choice = await choiceOf(first.source!, { n: first.n, batch: 1, rhs: 1 }, forceOf(s))
    await estimateGroup(s, device, E.isRight(choice) ? choice.right : first.choice!, [first])
    for (const job of others) {
      job.condition = first.condition
      job.failure ??= first.failure
      job.interrupted ||= first.interrupted
    }
  }
  return E.right(undefined)
}
