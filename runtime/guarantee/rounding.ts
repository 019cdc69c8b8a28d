/**
 * What rounding, and the scaled `b` that enters the attention, can add to the answer: an a-priori bound, normwise, for
 * every system of n unknowns with its spectrum in the region. See Note [Rounding, normwise].
 */
import { attention } from './attention-rounding'
import {
  type Errors,
  frobenius,
  gamma,
  mapped,
  matrix,
  onVector,
  type Setting,
  sizeOf,
  slack,
  sum,
  times,
  weighed
} from './errors'
import type { Block, Network, Operation } from './network'
import type { Hull } from './range'
import type { State, Step, Walk } from './walk'

// --- model -----------------------------------------------------------------------------------------------------------

/** The unit of rounding: half the distance from one to the next number. */
export const units = { float64: 2 ** -53, float32: 2 ** -24 } as const

// --- other operations ------------------------------------------------------------------------------------------------

const linearMap = (o: Setting, W: Block, { before }: Step<Hull>, errors: Errors): Errors => {
  const own = gamma(W.squares.length + 1, o.u)
  const one = gamma(2, o.u)
  const scaled = (entry: number, size: number, error: number): number =>
    Math.abs(entry) * (error + one * (size + error))
  return {
    X: mapped(o, W, before.X.map(matrix), errors.X).map((e) => e.carried + e.own),
    b: scaled(W.entry, before.b.scaled, errors.b),
    query:
      before.query === null || errors.query === null
        ? null
        : {
            x: W.squares.map(
              (row) =>
                weighed(row, errors.query!.x) +
                own *
                  weighed(
                    row,
                    before.query!.x.map((x, p) => x.scaled + errors.query!.x[p]!)
                  )
            ),
            beta: scaled(W.entry, sizeOf(before.query.beta), errors.query.beta)
          }
  }
}

/** Errors `f(error, size of the exact value in the error's norm)`. */
const mapErrors = (
  o: Setting,
  exact: State<Hull>,
  errors: Errors,
  f: (error: number, size: number) => number
): Errors => ({
  X: errors.X.map((e, m) => f(e, frobenius(o.n, matrix(exact.X[m]!), 0))),
  b: f(errors.b, exact.b.scaled),
  query:
    errors.query === null || exact.query === null
      ? null
      : {
          x: errors.query.x.map((e, m) => f(e, exact.query!.x[m]!.scaled)),
          beta: f(errors.query.beta, sizeOf(exact.query.beta))
        }
})

const added = (p: Errors, q: Errors): Errors => ({
  X: p.X.map((e, m) => e + q.X[m]!),
  b: p.b + q.b,
  query:
    p.query === null || q.query === null
      ? null
      : { x: p.query.x.map((e, m) => e + q.query!.x[m]!), beta: p.query.beta + q.query.beta }
})

/** Bounds on `|T_k|` and `|U_k|`, k = 0 ... count - 1, on `[-reach, reach]`. */
const growth = (count: number, reach: number): { readonly T: readonly number[]; readonly U: readonly number[] } => {
  const [T, U] = [
    [1, reach],
    [1, 2 * reach]
  ]
  for (let k = 2; k < count; k++) {
    T.push((2 * reach * T[k - 1]! - T[k - 2]!) * slack)
    U.push((2 * reach * U[k - 1]! - U[k - 2]!) * slack)
  }
  return { T, U }
}

const chebyshev = (
  { n, u }: Setting,
  { coefficients, low, high }: Extract<Operation, { _tag: 'chebyshev' }>,
  { before, clenshaw }: Step<Hull>,
  after: State<Hull>,
  errors: Errors
): Errors => {
  const A = before.X[0]!
  const width = high - low
  const reach = Math.max(1, Math.abs(2 * A.low - low - high) / width, Math.abs(2 * A.high - low - high) / width)
  const degree = coefficients.length - 1
  const { T, U } = growth(degree + 2, reach === 1 ? 1 : reach * slack)
  const size = before.b.scaled + errors.b
  // sizes[q] and own[q], q = 0 ... degree + 2: ||u_q|| and the error made in computing it.
  const sizes: number[] = new Array(degree + 3).fill(0)
  const own: number[] = new Array(degree + 3).fill(0)
  for (let q = degree; q >= 0; q--) {
    const factor = q === 0 ? 2 / width : 4 / width
    const [next, last] = [sizes[q + 1]!, sizes[q + 2]!]
    own[q] =
      factor * gamma(n + 7, u) * onVector(n, matrix(A), 0) * next +
      ((factor * Math.abs(low + high)) / 2) * gamma(9, u) * next +
      gamma(5, u) * Math.abs(coefficients[q]!) * size +
      gamma(3, u) * last
    const error = sum(Array.from({ length: degree - q + 1 }, (_, k) => U[k]! * own[q + k]!))
    const exact = q === 0 ? 0 : clenshaw[degree - q]!.scaled
    sizes[q] = exact + error + sum([U[degree - q]!]) * times(errors.b, sum(coefficients.map(Math.abs)))
  }
  const made = sum(Array.from({ length: degree + 1 }, (_, q) => T[q]! * own[q]!))
  return { ...errors, b: made + times(errors.b, sizeOf(after.b)) }
}

// --- the bound -------------------------------------------------------------------------------------------------------

/**
 * A bound on `||xhat - p(A) b|| / ||x||` for systems of n unknowns, with `u = 0` what the scaled `b` alone adds. The region
 * lies above zero; A and b are what the network is given. Infinite where no bound exists.
 */
export const roundingBound = (
  network: Network,
  { steps, after, answer }: Walk<Hull>,
  { n, u }: { readonly n: number; readonly u: number }
): number => {
  const first = steps[0]?.before ?? after
  const A = first.X[0]!
  const least = A.low
  const o: Setting = { n, u, least, bScale: (network.bScale ?? 0) * (1 + gamma(n + 4, u)) }
  let errors: Errors = {
    X: first.X.map(() => 0),
    b: network.bScale === null ? 0 : gamma(2, u) * A.high,
    query: first.query === null ? null : { x: first.query.x.map(() => 0), beta: 0 }
  }
  const heads = Math.max(0, ...network.operations.map((each) => (each._tag === 'attention' ? each.heads.length : 0)))
  // A kernel may begin the sum of attention with what the residual adds.
  const begun = gamma(heads * n + 2, u)
  const kept: { readonly exact: State<Hull>; readonly errors: Errors }[] = []
  network.operations.forEach((operation, k) => {
    const step = steps[k]!
    const next = steps[k + 1]?.before ?? after
    switch (operation._tag) {
      case 'attention':
        errors = attention(o, operation, step, errors)
        break
      case 'linearMap':
        errors = linearMap(o, operation.W, step, errors)
        break
      case 'scale': {
        const alpha = Math.abs(operation.alpha)
        errors = mapErrors(o, step.before, errors, (e, size) => alpha * (e + gamma(2, u) * (e + size)))
        break
      }
      case 'chebyshev':
        errors = chebyshev(o, operation, step, next, errors)
        break
      case 'keep':
        kept.push({ exact: step.before, errors })
        break
      case 'restore': {
        const last = kept.pop()!
        const before = mapErrors(o, last.exact, last.errors, (e, size) => e + begun * (e + size))
        errors = mapErrors(o, next, added(errors, before), (e, size) => e + u * (e + size))
        break
      }
    }
  })
  const made = network.answer === 'b' ? errors.b : errors.query!.x[network.answer]!
  const last = network.bScale === null ? 0 : gamma(3, u) * (answer.scaled + made)
  return (made + last) * slack
}

// Note [Rounding, normwise]
// Model: fl(a op b) = (a op b)(1 + d), |d| <= u; a sum of k products, in any order, is off by at most
// gamma_k |a|^T |b|, gamma_k = k u / (1 - k u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002,
// sections 2.2 and 3.1). Sizes are ranges of polynomials on the spectrum (`range.ts`), so they hold for every A in question:
// ||f(A)||_2 <= max |f|, ||f(A) b||_2 <= max |lambda f(lambda)| ||x||_2. Matrix errors E are in the Frobenius norm, vector
// errors relative to ||x||_2 in the scale in which b stands.
//
// Absolute values. f(A) = c I + R with c the middle of the range of f and r half its width, so |f(A) + E| <= |c| I + |R + E|
// and || |R + E| ||_F <= sqrt n r + ||E||_F =: s. Hence || |F| |G| ||_F <= sqrt n c c' + c s' + c' s + s s', of the order
// n r r' where ||F||_F ||G||_F is of the order n (c + r)(c' + r'): as the layers draw the spectrum together, r vanishes and
// products round like those of diagonal matrices.
//
// The literal tokens, a layer. With U_m = sum_p Q[m,p] X_p, V_m = sum_p P[m,p] X_p, W_p = sum_m Q[m,p] X_m and computed
// X_m + E_m:
//   E(U_m) = sum_p Q[m,p] E_p + eta_m,       ||eta_m|| <= gamma_(B+1) sum_p |Q[m,p]| ||X_p + E_p||_F, B the blocks
//   E(S) = sum_p (E_p W_p + U_p E_p^T) + sum_m (eta_m X_m + E(U_m) E_m^T) + Q_bb b b^T + gamma_(Bn+3) sum_m |U_m| |X_m|^T
//   E(S V_m) = E(S) V_m + S E(V_m) + E(S) E(V_m) + gamma_(hn+1) |S| |V_m|, h the heads
// and likewise for b and for the query, whose s = sum_m X_m u_m + Q_bb beta b. Nothing is dropped: products of two errors
// stay. W_p and U_p are polynomials, and their ranges know what cancels in them. A residual adds gamma_(hn+2) |X_m|, since a
// kernel may begin its sum there. b enters as fl(fl(s b) / norm) and the answer leaves as norm z / s: the error of the norm
// cancels, gamma_2 and gamma_3 remain. With u = 0 only Q_bb b b^T is left, and what it does to the query's number beta:
// of the size of s^2 = 1e-16, and none in a polynomial.
//
// The polynomial. Clenshaw's u_q = c_q b + 2 M u_(q+1) - u_(q+2), computed with an error e_q, is exact for c_q b + e_q in
// place of c_q b, so the answer is off by sum_q T_q(M) e_q, and u_q by sum_(j>=q) U_(j-q)(M) e_j, with |T_k| <= 1 and
// |U_k| <= k + 1 on the layer's own interval (their values at its edge, outside). With 2 M = f A - g I,
//   ||e_q|| <= f gamma_(n+7) (|c_A| + sqrt n r_A) ||u_(q+1)|| + g gamma_9 ||u_(q+1)|| + gamma_5 |c_q| ||b|| + gamma_3 ||u_(q+2)||,
// the indices counting the rounded constants f, g and c_q too. Sizes ||u_q|| are ranges plus the error found so far.
//
// In float32 u is 2^-24 and weights are rounded as well, which the indices allow for. These are bounds for the worst case:
// rounding errors mostly cancel, and what is observed is some hundred times smaller, more so for large n.
