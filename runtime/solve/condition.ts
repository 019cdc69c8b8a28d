/**
 * The condition estimate on the network's path: `A^-1 v` is the refined network itself, so nothing is factored.
 *
 * A network that was made for eigenvalues in an interval cannot shrink a residual along an eigenvector far below it. So a
 * random right-hand side is solved first, to many digits: on a singular matrix that does not converge, whatever `b` was.
 */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../gpujs/error'
import { conditionNumber, estimateInverseNormTask } from '../linalg/condition'
import { norm1, vectorNorm1 } from '../linalg/norms'
import { key, signs } from '../random/key'
import type { Network } from './network'
import { intoUnits, outOfUnits, type Prepared } from './prepare'
import { type RefineOptions, refine, type Task, task } from './refine'
import type { Condition } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

/** The scaled system and the matrix that it came from. */
export interface Conditioned {
  readonly system: Prepared
  readonly A: Float64Array
}

export interface Estimated {
  /** null where a solve did not converge: A may be singular. */
  readonly condition: Condition | null
  readonly products: number
}

/** An order of magnitude is all that the estimate has. */
const roughly = 1e-2
/** The random right-hand side is solved this far, so that a component of size 1/sqrt(n) cannot hide in what is left. */
const probeTolerance = 1e-8
const probeKey = key(2 ** 31 - 1)
/** Entries of D that differ by less than this factor change the 1-norm's condition number by less than the estimate does. */
const alike = 4

// --- solving for the estimate ------------------------------------------------------------------------------------------

type Answer = E.Either<'noConvergence', Float64Array>

interface Waiting {
  readonly slot: number
  readonly rhs: Float64Array
  readonly answer: (found: Answer) => void
}

/** Solves `S y = rhs` for several systems at once, to a relative residual. */
const solveAll = async (
  network: Network,
  systems: readonly (Prepared | null)[],
  requests: ReadonlyMap<number, Float64Array>,
  tolerance: number,
  options: Pick<RefineOptions, 'maxPasses' | 'signal'>
): Promise<E.Either<BackendError, { readonly tasks: ReadonlyMap<number, Task> }>> => {
  const slots = [...requests.keys()]
  const tasks = slots.map((slot) => task(systems[slot]!, requests.get(slot)!))
  const judge = (t: Task): boolean => t.size <= tolerance * t.first
  const ran = await refine(network, tasks, { ...options, judge, slow: 0.9 })
  return E.map(() => ({ tasks: new Map(slots.map((slot, k) => [slot, tasks[k]!] as const)) }))(ran)
}

/**
 * Condition estimates of several systems in lockstep, one network pass for all of them at a time.
 * At most `network.batch` systems.
 */
export const conditionsByNetwork = async (
  network: Network,
  given: readonly Conditioned[],
  options: Pick<RefineOptions, 'maxPasses' | 'signal'>
): Promise<E.Either<BackendError, readonly Estimated[]>> => {
  const { n } = network
  const systems = given.map(({ system }) => system)
  const products = new Float64Array(given.length)
  const failed = new Set<number>()

  // The random right-hand side, for all.
  const probe = signs(probeKey, n)
  const all = new Map(given.map((_, k) => [k, probe] as const))
  const probed = await solveAll(network, systems, all, probeTolerance, options)
  if (E.isLeft(probed)) return probed
  const fromProbe = given.map((_, k) => {
    const t = probed.right.tasks.get(k)!
    products[k]! += t.products
    if (t.verdict !== 'done') failed.add(k)
    return vectorNorm1(t.y) / n
  })

  // Hager and Higham's dialogues, one or two for each system; every round answers what all of them wait for.
  let waiting: Waiting[] = []
  let talking = 0
  let wake: () => void = () => {}
  const ask = (slot: number, rhs: Float64Array) => (): Promise<Answer> =>
    new Promise((answer) => {
      waiting.push({ slot, rhs, answer })
      if (waiting.length >= talking) wake()
    })
  const talk = async (slot: number, into: (v: Float64Array) => Float64Array, out: typeof into): Promise<number> => {
    const solve = (v: Float64Array) => async (): Promise<Answer> =>
      E.map(out)(await ask(slot, into(v))())
    const found = await estimateInverseNormTask(n, solve, solve)()
    talking--
    if (waiting.length >= talking) wake()
    if (E.isLeft(found)) {
      failed.add(slot)
      return Infinity
    }
    return found.right.inverseNorm
  }
  const same = (v: Float64Array): Float64Array => v
  const pending: Promise<number>[] = []
  const own: Promise<number>[] = []
  for (const [k, { system }] of given.entries()) {
    if (failed.has(k)) continue
    talking++
    pending[k] = talk(k, same, same)
    const [least, most] = [Math.min(...system.d), Math.max(...system.d)]
    if (most <= alike * least) continue
    // A^-1 v = D S^-1 D v, in units that cannot overflow.
    talking++
    let unit = 0
    own[k] = talk(
      k,
      (v) => {
        const scaled = intoUnits(system.d, v)
        unit = scaled.unit
        return scaled.values
      },
      (y) => outOfUnits(system.d, y, unit)
    )
  }
  while (talking > 0) {
    if (waiting.length < talking) await new Promise<void>((resolve) => {
      wake = resolve
    })
    if (talking === 0) break
    // A system with two dialogues has two requests: a round answers one of each.
    const round = new Map<number, Waiting>()
    const later: Waiting[] = []
    for (const w of waiting) {
      if (round.has(w.slot)) later.push(w)
      else round.set(w.slot, w)
    }
    waiting = later
    const requests = new Map([...round].map(([slot, { rhs }]) => [slot, rhs] as const))
    const solved = await solveAll(network, systems, requests, roughly, options)
    if (E.isLeft(solved)) return solved
    for (const [slot, { answer }] of round) {
      const t = solved.right.tasks.get(slot)!
      products[slot]! += t.products
      answer(t.verdict === 'done' ? E.right(t.y) : E.left('noConvergence'))
    }
    await Promise.resolve()
  }

  const estimates: Estimated[] = []
  for (const [k, { system, A }] of given.entries()) {
    const inverse = failed.has(k) ? Infinity : Math.max(await pending[k]!, fromProbe[k]!)
    const direct = failed.has(k) ? Infinity : await (own[k] ?? pending[k]!)
    const scaled = conditionNumber(norm1(system.S, n, n), inverse)
    const estimate = own[k] === undefined ? scaled : conditionNumber(norm1(A, n, n), direct)
    estimates.push({
      condition: failed.has(k) ? null : { estimate, scaled, how: 'network' },
      products: products[k]!
    })
  }
  return E.right(estimates)
}
