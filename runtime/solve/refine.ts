/**
 * Refinement `y <- y + f(r)`, `r = rhs - S y` in float64, for many systems in lockstep on one network.
 */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../backends/error'
import { residual } from '../linalg/residual'
import type { Network } from './network'
import type { Prepared } from './prepare'

// --- model -----------------------------------------------------------------------------------------------------------

/**
 * `done`: the judge was satisfied; `slow`: a pass left more than the caller allows; `diverged`: no pass shrinks the
 * residual, with wider windows neither; `limit`: too many passes; `interrupted`: by the caller.
 */
export type Verdict = 'running' | 'done' | 'slow' | 'diverged' | 'limit' | 'interrupted'

/** One system in work; everything that changes from pass to pass. */
export interface Task {
  readonly system: Prepared
  readonly rhs: Float64Array
  y: Float64Array
  /** `rhs - S y`. */
  r: Float64Array
  /** `||e r||_2`, the size that a network shrinks, now and at the start. */
  size: number
  readonly first: number
  /** What the last pass left of it, as a share. */
  share: number
  /** Passes in all, and on this network. */
  passes: number
  passesHere: number
  widened: number
  /** Products in float64 and in networks. */
  products: number
  verdict: Verdict
}

export interface RefineOptions {
  /** Whether a task may stop; asked after every pass. `gaining` is false where the pass did not shrink the residual. */
  readonly judge: (task: Task, index: number, gaining: boolean) => boolean
  readonly maxPasses: number
  /** A larger share left by a pass ends the task as `slow`. */
  readonly slow: number
  /** Take every answer of the network, also one that is worse than none. */
  readonly anyway?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onPass?: (running: number) => void
}

/** One pass may be tried again this often, each time with a window 10% wider. */
const mostWidenings = 3
const wider = 1.1
/** Unknowns up to which vectors of many systems share memory: engines are slow at making small arrays one by one. */
const small = 256

// --- constructors ----------------------------------------------------------------------------------------------------

/** `||e r||_2`; r is near one or below, so that no square overflows. */
const sizeOf = ({ e, n }: Prepared, r: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += (e[i]! * r[i]!) ** 2
  return Math.sqrt(sum)
}

/** Vectors that many tasks begin with; nobody writes to them. */
const zeros = new Map<number, Float64Array>()

const zerosOf = (n: number): Float64Array => {
  const known = zeros.get(n) ?? new Float64Array(n)
  if (n <= small) zeros.set(n, known)
  return known
}

/** A task at `y = 0`; `rhs` is its first residual and stays as it is. */
export const task = (system: Prepared, rhs: Float64Array): Task => {
  const size = sizeOf(system, rhs)
  return {
    system,
    rhs,
    y: zerosOf(system.n),
    r: rhs,
    size,
    first: size,
    share: 1,
    passes: 0,
    passesHere: 0,
    widened: 0,
    products: 0,
    verdict: 'running'
  }
}

/** Lets timers and signals of the process in. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

// --- refining --------------------------------------------------------------------------------------------------------

const isRunning = (t: Task): boolean => t.verdict === 'running'

/** Take the network's correction, its residual computed in `room`, or leave the task as it is; then the task's verdict. */
const advance = (
  t: Task,
  k: number,
  z: Float64Array,
  room: Float64Array,
  network: Network,
  options: RefineOptions
): void => {
  const { system } = t
  const y = z // ours alone: the network makes a new array for every answer
  for (let i = 0; i < y.length; i++) y[i]! += t.y[i]!
  const r = residual(system.S, y, t.rhs, system.n, room)
  const size = sizeOf(system, r)
  t.passes++
  t.passesHere++
  t.products += (network.choice.products ?? 0) + 1
  const gaining = size < t.size || options.anyway === true
  if (gaining) {
    t.share = size / t.size
    t.y = y
    t.r = r
    t.size = size
  }
  if (options.judge(t, k, gaining)) {
    t.verdict = 'done'
  } else if (t.passes >= options.maxPasses) {
    t.verdict = 'limit'
  } else if (!gaining) {
    if (system.spectrum === null || t.widened >= mostWidenings) {
      t.verdict = 'diverged'
    } else {
      t.widened++
      network.place(k, system, wider ** t.widened)
    }
  } else if (t.share > options.slow) {
    t.verdict = 'slow'
  }
}

/**
 * Passes until every task has a verdict. The task of slot k is number k; a slot may be empty. At most `network.batch`.
 */
export const refine = async (
  network: Network,
  slots: readonly (Task | null)[],
  options: RefineOptions
): Promise<E.Either<BackendError, void>> => {
  const tasks = slots.filter((t) => t !== null)
  for (const [k, t] of slots.entries()) {
    if (t === null) continue
    t.passesHere = 0
    t.widened = 0
    t.verdict = t.size === 0 ? 'done' : t.passes >= options.maxPasses ? 'limit' : 'running'
    if (isRunning(t)) network.place(k, t.system, 1)
  }
  while (tasks.some(isRunning)) {
    if (options.signal !== undefined) await breathe()
    if (options.signal?.aborted) {
      for (const t of tasks) if (isRunning(t)) t.verdict = 'interrupted'
      break
    }
    const residuals = Array.from({ length: network.batch }, (_, k) =>
      slots[k] && isRunning(slots[k]) ? slots[k].r : null
    )
    const proposed = await network.apply(residuals)
    if (E.isLeft(proposed)) return proposed
    const { n } = network
    const room = n <= small ? new Float64Array(n * slots.length) : null
    for (const [k, z] of proposed.right.entries()) {
      const t = slots[k]
      const r = room === null ? new Float64Array(n) : room.subarray(k * n, (k + 1) * n)
      if (t && z) advance(t, k, z, r, network, options)
    }
    options.onPass?.(tasks.filter(isRunning).length)
  }
  return E.right(undefined)
}
