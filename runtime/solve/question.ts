/** Judging a question before any work: shapes, limits, finite entries, options. */
import * as E from 'fp-ts/Either'

import { type LinearSystems, type SolveError, type SolveOptions, type SolveReason, solveError } from './solution'

const defaultMaxN = 5000

const refuse = (reason: SolveReason, message: string): E.Either<SolveError, never> =>
  E.left(solveError(reason, message))

/** The system's own name, or its number in a batch, or nothing for a single one. */
export const nameOf = (systems: LinearSystems, s: number): string | null =>
  systems.names?.[s] ?? (systems.batch === 1 ? null : `system ${s + 1}`)

/** One matrix, several right-hand sides. */
export const isShared = ({ n, batch, A }: LinearSystems): boolean => batch > 1 && A.length === n * n

const firstBad = (values: Float64Array): number => {
  for (let k = 0; k < values.length; k++) if (!Number.isFinite(values[k]!)) return k
  return -1
}

const checkOptions = ({ tol, maxPasses, literal, lazy }: SolveOptions): E.Either<SolveError, void> => {
  if (literal === true && lazy === true) {
    return refuse('option', 'literal and lazy: expected one of them at most, got both')
  }
  if (tol !== undefined && !(tol > 0 && tol < 1)) {
    return refuse('option', `tol: expected a backward error between 0 and 1, such as 1e-12, got ${tol}`)
  }
  if (maxPasses !== undefined && !(Number.isInteger(maxPasses) && maxPasses >= 0)) {
    return refuse('option', `maxPasses: expected a whole number of at least 0, got ${maxPasses}`)
  }
  return E.right(undefined)
}

/** The question itself, or the first thing that is wrong with it. Entries of A and b are counted from 1 in messages. */
export const judge = (systems: LinearSystems, options: SolveOptions): E.Either<SolveError, LinearSystems> => {
  const { n, batch, A, b } = systems
  if (!(Number.isInteger(n) && n >= 1 && Number.isInteger(batch) && batch >= 1)) {
    return refuse('shape', `the system needs at least one unknown and one equation, got n = ${n}, batch = ${batch}`)
  }
  const each = batch === 1 ? '' : `${batch} systems of `
  if (A.length !== batch * n * n && !isShared(systems)) {
    const root = Math.round(Math.sqrt(A.length / batch))
    const hint = root * root * batch === A.length ? `; is n = ${root} meant?` : ''
    const expected = `expected ${each}${n} x ${n} entries, ${batch * n * n} numbers`
    return refuse('shape', `A is not square of size n = ${n}: ${expected}, got ${A.length}${hint}`)
  }
  if (b.length !== batch * n) {
    const expected = `expected ${each}${n} entries for A of ${n} x ${n}`
    return refuse('shape', `b does not fit A: ${expected}, got ${b.length} numbers`)
  }
  const maxN = options.maxN ?? defaultMaxN
  if (n > maxN) {
    const why = 'A is held in dense form, in a few copies'
    return refuse(
      'size',
      `n = ${n} is above the limit of ${maxN} unknowns: ${why}; raise maxN if there is memory for it`
    )
  }
  const [badA, badB] = [firstBad(A), firstBad(b)]
  if (badA >= 0) {
    const s = Math.floor(badA / (n * n))
    const [i, j] = [Math.floor((badA % (n * n)) / n), badA % n]
    const where = nameOf(systems, s) === null || isShared(systems) ? '' : `${nameOf(systems, s)}: `
    return refuse('notFinite', `${where}A[${i + 1}, ${j + 1}] is ${A[badA]}: every entry must be a finite number`)
  }
  if (badB >= 0) {
    const s = Math.floor(badB / n)
    const where = nameOf(systems, s) === null ? '' : `${nameOf(systems, s)}: `
    return refuse('notFinite', `${where}b[${(badB % n) + 1}] is ${b[badB]}: every entry must be a finite number`)
  }
  return E.map(() => systems)(checkOptions(options))
}
