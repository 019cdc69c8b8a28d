/**
 * Guarantees put to the test: random and adversarial systems through the compiled float64 programs, each error against its
 * bound. See Note [How systems are made and judged].
 */
import * as E from 'fp-ts/Either'

import { toJavaScript } from '../../codegen/compile'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import { type Float64Executable, load64 } from '../javascript/run'
import { batchCholesky } from '../linalg/batch'
import { norm2 } from '../linalg/norms'
import { orthogonal, withSpectrum } from '../linalg/orthogonal'
import { dotOf, matvec } from '../linalg/products'
import { compensatedRowResidual } from '../linalg/residual'
import * as Key from '../random/key'
import type { Weights } from '../weights/weights'
import { ends, type Guarantee, rounding } from './guarantee'

// --- model -----------------------------------------------------------------------------------------------------------

export type Kind = 'uniform' | 'logUniform' | 'clustered' | 'peaks' | 'eigenvector'

export const kinds: readonly Kind[] = ['uniform', 'logUniform', 'clustered', 'peaks', 'eigenvector']

/** A form of a network, with what is claimed of it. */
export interface Claimed {
  readonly form: string
  readonly model: Model
  readonly weights: Weights
  readonly guarantee: Guarantee
}

export interface Violation {
  readonly n: number
  readonly kind: Kind
  readonly system: number
  readonly ratio: number
  readonly bound: number
}

/** What one form was seen to do. */
export interface Observed {
  readonly form: string
  readonly systems: number
  readonly violations: readonly Violation[]
  /** The largest `||x - xhat|| / ||x||`, and where. */
  readonly largest: number
  readonly n: number
  readonly kind: Kind
  /** The least `bound / ratio` of all systems: how close to the bound any came. */
  readonly tightest: number
}

export interface CampaignOptions {
  readonly claims: readonly Claimed[]
  readonly systems: number
  readonly seed: number
  /** Sizes of the systems, each as often as the others; 2 ... 32 if left out. */
  readonly sizes?: readonly number[]
  readonly onProgress?: (done: number, total: number) => void
}

const usualSizes: readonly number[] = Array.from({ length: 31 }, (_, k) => k + 2)
/** Systems that go through a program at once. */
const batchOf = 50
/** Peaks that lie within this share of the highest. */
const high = 0.99

// --- spectra ---------------------------------------------------------------------------------------------------------

interface Window {
  readonly low: number
  readonly high: number
  readonly peaks: readonly number[]
}

/** The interval less a margin, since rounding moves the eigenvalues of a matrix that is made with them. */
const windowOf = (g: Guarantee, n: number): Window => {
  const { low, high: top } = ends(g)
  const margin = 16 * n * n * 2 ** -53 * top
  const inside = (lambda: number): number => Math.min(top - margin, Math.max(low + margin, lambda))
  const worst = g.peaks[0]?.residual ?? 0
  const peaks = g.peaks.filter((p) => p.residual >= high * worst).map((p) => inside(p.lambda))
  return { low: low + margin, high: top - margin, peaks }
}

const spectrum = (kind: Kind, { low, high: top, peaks }: Window, key: Key.Key, n: number): Float64Array => {
  const u = Key.uniform(key, n)
  const hit = (interior: (value: number) => number): Float64Array =>
    u.map((value, k) => (k === 0 ? low : k === n - 1 ? top : interior(value)))
  switch (kind) {
    case 'uniform':
      return hit((value) => low + (top - low) * value)
    case 'logUniform':
      return hit((value) => Math.min(top, low * (top / low) ** value))
    case 'clustered': {
      const centres = Key.uniform(Key.fold(key, 'centres'), 3)
      return u.map((value, k) => {
        const centre = low + (top - low) * centres[k % centres.length]!
        return Math.min(top, Math.max(low, centre * (1 + 1e-3 * (value - 0.5))))
      })
    }
    case 'peaks':
      return u.map((value) => peaks[Math.floor(value * peaks.length)]!)
    case 'eigenvector':
      return u.map((value, k) => (k === 0 ? peaks[0]! : low + (top - low) * value))
  }
}

// --- systems ---------------------------------------------------------------------------------------------------------

interface Systems {
  readonly A: Float64Array
  readonly b: Float64Array
  readonly x: Float64Array
  readonly size: readonly number[]
}

/** `A = Q diag(lambda) Q^T` with Q written out, exactly symmetric, and its first eigenvector. */
const withBasis = (lambda: Float64Array, key: Key.Key): { readonly A: Float64Array; readonly first: Float64Array } => {
  const n = lambda.length
  const Q = orthogonal(n, key) // eigenvectors in its rows
  const A = new Float64Array(n * n)
  const scaled = new Float64Array(n * n)
  const columns = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      columns[i * n + k] = Q[k * n + i]!
      scaled[i * n + k] = Q[k * n + i]! * lambda[k]!
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dotOf(scaled, i * n, columns, j * n, n)
      A[i * n + j] = value
      A[j * n + i] = value
    }
  }
  return { A, first: Q.slice(0, n) }
}

const kindOf = (system: number): Kind => kinds[system % kinds.length]!

/** Systems `from ... from + count - 1` of size n. */
const draw = (window: Window, key: Key.Key, n: number, from: number, count: number): Systems => {
  const [A, b, x] = [new Float64Array(count * n * n), new Float64Array(count * n), new Float64Array(count * n)]
  const size: number[] = []
  for (let s = 0; s < count; s++) {
    const kind = kindOf(from + s)
    const own = Key.fold(key, from + s)
    const lambda = spectrum(kind, window, Key.fold(own, 'spectrum'), n)
    const basis = Key.fold(own, 'basis')
    const made =
      kind === 'eigenvector'
        ? withBasis(lambda, basis)
        : { A: withSpectrum(lambda, basis), first: Key.normal(Key.fold(own, 'answer'), n) }
    A.set(made.A, s * n * n)
    x.set(made.first, s * n)
    matvec(made.A, made.first, n, n, b.subarray(s * n, (s + 1) * n))
    size.push(norm2(made.first))
  }
  return { A, b, x, size }
}

/** What `x` lacks to solve the system as it is stored, b having been rounded: `A^-1 (b - A x)`. */
const lacking = ({ A, b, x }: Systems, n: number, count: number): Float64Array => {
  const r = new Float64Array(count * n)
  for (let k = 0; k < count * n; k++) {
    const s = Math.floor(k / n)
    r[k] = compensatedRowResidual(A, k * n, x.subarray(s * n, (s + 1) * n), n, b[k]!)
  }
  return batchCholesky(A, r, count, n).x
}

/** `||xhat - x - lack||` of system s. */
const distance = (answer: Float64Array, x: Float64Array, lack: Float64Array, n: number, s: number): number => {
  const off = new Float64Array(n)
  for (let i = 0; i < n; i++) off[i] = answer[s * n + i]! - x[s * n + i]! - lack[s * n + i]!
  return norm2(off)
}

// --- the campaign ----------------------------------------------------------------------------------------------------

interface Tally {
  readonly form: string
  systems: number
  violations: Violation[]
  largest: number
  n: number
  kind: Kind
  tightest: number
}

const compiled = (claim: Claimed, n: number, batch: number): E.Either<string, Float64Executable> => {
  const typed = I.infer(claim.model)
  if (E.isLeft(typed)) return E.left(I.show(typed.left))
  const program = toJavaScript({ _tag: 'forward' }, typed.right, { n, batch })
  return E.isLeft(program) ? program : E.right(load64(program.right))
}

const judged = (tally: Tally, ratio: number, bound: number, n: number, system: number): void => {
  const kind = kindOf(system)
  tally.systems++
  if (!(ratio <= bound)) tally.violations.push({ n, kind, system, ratio, bound })
  if (ratio > tally.largest) {
    tally.largest = ratio
    tally.n = n
    tally.kind = kind
  }
  tally.tightest = Math.min(tally.tightest, bound / ratio)
}

/**
 * Tests the claims on `systems` systems, the same for every form: an error above `factor + rounding` is a violation. The
 * windows are those of the first claim. `Left` is a fault of the compiler.
 */
export const campaign = async (o: CampaignOptions): Promise<E.Either<string, readonly Observed[]>> => {
  const { claims, systems, seed, sizes = usualSizes } = o
  const first = claims[0]
  if (first === undefined) return E.right([])
  const tallies = claims.map(
    ({ form }): Tally => ({ form, systems: 0, violations: [], largest: 0, n: 0, kind: 'uniform', tightest: Infinity })
  )
  let done = 0
  for (const [at, n] of sizes.entries()) {
    const count = Math.floor((systems * (at + 1)) / sizes.length) - Math.floor((systems * at) / sizes.length)
    const batch = Math.min(batchOf, count)
    if (batch === 0) continue
    const window = windowOf(first.guarantee, n)
    const key = Key.fold(Key.fold(Key.key(seed), 'guarantee'), n)
    const programs: Float64Executable[] = []
    for (const claim of claims) {
      const program = compiled(claim, n, batch)
      if (E.isLeft(program)) return program
      programs.push(program.right)
    }
    const bounds = claims.map(({ guarantee }) => guarantee.factor + rounding(guarantee, n))
    for (let from = 0; from < count; from += batch) {
      const drawn = draw(window, key, n, from, batch)
      const lack = lacking(drawn, n, batch)
      const last = Math.min(batch, count - from)
      claims.forEach(({ weights }, c) => {
        const answer = programs[c]!.run({ ...weights, A: drawn.A, b: drawn.b })['x']!
        for (let s = 0; s < last; s++) {
          judged(tallies[c]!, distance(answer, drawn.x, lack, n, s) / drawn.size[s]!, bounds[c]!, n, from + s)
        }
      })
      done += last
      o.onProgress?.(done, systems)
      await Promise.resolve()
    }
  }
  return E.right(tallies)
}

// Note [How systems are made and judged]
// A spectrum, a random orthogonal basis, and x; A is stored exactly symmetric and b = fl(A x). Rounding moves the eigenvalues
// of A by less than 16 n^2 u high, so they are drawn from the interval less that margin, the ends included. The solution of
// the stored system is not x but x + A^-1 (b - A x): the residual is computed with twice the digits, the correction by
// Cholesky, and the error of an answer is taken from there, right to about 1e-28 of x.
//
// Kinds: interior eigenvalues uniform, log-uniform or in three clusters; all of them at the highest peaks of
// |1 - lambda p(lambda)|, where every b meets the bound; and x an eigenvector at the highest peak, other eigenvalues anywhere.
