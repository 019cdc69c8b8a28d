/**
 * The condition estimate on the network's path: `A^-1 v` is the refined network itself, so nothing is factored.
 *
 * A network that was made for eigenvalues in an interval cannot shrink a residual along an eigenvector far below it. So a
 * random right-hand side is solved first, to many digits: on a singular matrix that does not converge, whatever `b` was.
 */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../backends/error'
import { conditionNumber, dialogue } from '../linalg/condition'
import { norm1, vectorNorm1 } from '../linalg/norms'
import { key, normal } from '../random/key'
import { roughly } from './closed-forms'
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

/** An order of magnitude is all that the estimate has; a solve may be off by this much. */
const tolerance = 1.5 * roughly
/**
 * The random right-hand side is solved this far. Its component along any one vector is a standard normal number, and hides
 * in what is left with probability 1e-6 at most.
 */
const probeTolerance = 1e-6
const probeKey = key(2 ** 31 - 1)
/** Entries of D that differ by less than this factor change the 1-norm's condition number by less than the estimate does. */
const alike = 4

// --- solving for the estimate ------------------------------------------------------------------------------------------

type Options = Pick<RefineOptions, 'maxPasses' | 'signal'>

/** Solves `S y = rhs` for several systems at once, to a relative residual; slots with a null right-hand side rest. */
const solveAll = async (
  network: Network,
  given: readonly Conditioned[],
  rhs: readonly (Float64Array | null)[],
  tolerance: number,
  options: Options
): Promise<E.Either<BackendError, readonly (Task | null)[]>> => {
  const tasks = rhs.map((v, k) => (v === null ? null : task(given[k]!.system, v)))
  const judge = (t: Task): boolean => t.size <= tolerance * t.first
  return E.map(() => tasks)(await refine(network, tasks, { ...options, judge, slow: 0.9 }))
}

/** How a dialogue's vectors enter the scaled system and leave it. */
interface Units {
  readonly into: (v: Float64Array) => Float64Array
  readonly out: (y: Float64Array) => Float64Array
}

/** An estimate in the making, and the right-hand side that it waits for. */
interface Talk {
  readonly u: Units
  readonly steps: ReturnType<typeof dialogue>
  readonly asked: Float64Array | null
}

/** What an estimate says next: another right-hand side, or its outcome. */
const heard = (
  said: ReturnType<Talk['steps']['next']>,
  slot: number,
  talk: Talk,
  found: (number | null)[]
): Talk | null => {
  if (said.done !== true) return { ...talk, asked: said.value.rhs }
  found[slot] = said.value
  return null
}

/**
 * Hager and Higham's dialogue for several systems, every round answering what all of them wait for: `||A^-1||_1` by slot,
 * null where there are no units for the slot or a solve did not converge. Products are added up in `products`.
 */
const lockstep = async (
  network: Network,
  given: readonly Conditioned[],
  units: readonly (Units | null)[],
  products: Float64Array,
  options: Options
): Promise<E.Either<BackendError, readonly (number | null)[]>> => {
  const { n } = network
  const found: (number | null)[] = units.map(() => null)
  const talks = units.map((u, slot): Talk | null => {
    if (u === null) return null
    const steps = dialogue(n)
    return heard(steps.next(), slot, { u, steps, asked: null }, found)
  })
  while (talks.some((t) => t !== null)) {
    const rhs = talks.map((t) => (t === null || t.asked === null ? null : t.u.into(t.asked)))
    const solved = await solveAll(network, given, rhs, tolerance, options)
    if (E.isLeft(solved)) return solved
    for (const [slot, t] of talks.entries()) {
      const own = solved.right[slot] ?? null
      if (t === null || own === null) continue
      products[slot]! += own.products
      talks[slot] = own.verdict === 'done' ? heard(t.steps.next(t.u.out(own.y)), slot, t, found) : null
    }
  }
  return E.right(found)
}

const asItIs: Units = { into: (v) => v, out: (y) => y }

/** `A^-1 v = D S^-1 D v`, in units that cannot overflow. */
const ownUnits = ({ d }: Prepared): Units => {
  let unit = 0
  return {
    into: (v) => {
      const scaled = intoUnits(d, v)
      unit = scaled.unit
      return scaled.values
    },
    out: (y) => outOfUnits(d, y, unit)
  }
}

const spread = (d: Float64Array): number => {
  let [least, most] = [Infinity, 0]
  for (const value of d) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return most / least
}

/**
 * Condition estimates of several systems, in slots `0 ... given.length - 1`, one network pass for all of them at a time.
 * `network` solves to many digits, `rough` to one; both have a slot for every system.
 */
export const conditionsByNetwork = async (
  { network, rough }: { readonly network: Network; readonly rough: Network },
  given: readonly Conditioned[],
  options: Options
): Promise<E.Either<BackendError, readonly Estimated[]>> => {
  const { n } = network
  const products = new Float64Array(given.length)

  const probe = normal(probeKey, n)
  const allProbes = given.map(() => probe)
  const probed = await solveAll(network, given, allProbes, probeTolerance, options)
  if (E.isLeft(probed)) return probed
  const sound = probed.right.map((t) => t?.verdict === 'done')
  const fromProbe = probed.right.map((t, k) => {
    products[k]! += t?.products ?? 0
    return t === null ? 0 : vectorNorm1(t.y) / vectorNorm1(probe)
  })

  const scaledUnits = given.map((_, k) => (sound[k] ? asItIs : null))
  const scaled = await lockstep(rough, given, scaledUnits, products, options)
  if (E.isLeft(scaled)) return scaled
  const badlyScaled = given.map(({ system }) => spread(system.d) > alike)
  const owns = given.map(({ system }, k) => (sound[k] && badlyScaled[k] ? ownUnits(system) : null))
  const direct = await lockstep(rough, given, owns, products, options)
  if (E.isLeft(direct)) return direct

  const conditionOf = (k: number): Condition | null => {
    const { system, A } = given[k]!
    const [inverse, own] = [scaled.right[k] ?? null, direct.right[k] ?? null]
    if (inverse === null || (badlyScaled[k] && own === null)) return null
    const ofScaled = conditionNumber(norm1(system.S, n, n), Math.max(inverse, fromProbe[k]!))
    return {
      estimate: own === null ? ofScaled : conditionNumber(norm1(A, n, n), own),
      scaled: ofScaled,
      how: 'network'
    }
  }
  return E.right(given.map((_, k) => ({ condition: conditionOf(k), products: products[k]! })))
}
