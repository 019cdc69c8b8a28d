/**
 * What each layer does to the tokens of one system, from the papers' formulas. Tokens are a matrix [tokens, D], one token
 * a row; the query, where there is one, is the last row.
 */
import type { TypedLayer } from '../../spec/infer'
import * as L from '../../spec/layer'
import * as T from '../../spec/token'
import type { Weights } from '../weights/weights'
import * as D from './dense'
import { array, matrix, type Place, plusRow, sizeAt, stretch, stretches } from './matrices'
import { recurrent } from './recurrent'
import { gelu, layerNorm, softmaxAttention } from './transformer'

/** `y_i = W e_i + w`. */
const linearMap = (layer: L.LinearMap, { typed, weights, n }: Place, e: D.Array64): D.Array64 => {
  const out = sizeAt(T.width(typed.after), n)
  const W = matrix(`${typed.path}.W`, layer.weight, weights, 0, typed.before, n, out)
  const y = D.multiply(e, D.transpose(W))
  return layer.bias ? plusRow(y, array(weights, `${typed.path}.W.bias`)) : y
}

/** `y_i = sum_h P_h sum_j <e_j, Q_h e_i> e_j`, j over every token but the query (Vladymyrov et al. 2024, eq. 2). */
const linearAttention = (layer: L.LinearAttention, { typed, weights, n }: Place, e: D.Array64): D.Array64 => {
  const width = D.columnsOf(e)
  const attended = D.firstRows(e, D.rowsOf(e) - (typed.before.query ? 1 : 0)) // e_j: never the query
  let y = D.zeros(...e.shape)
  for (let h = 0; h < layer.heads; h++) {
    const P = matrix(`${typed.path}.P`, layer.P, weights, h, typed.before, n, width)
    const Q = matrix(`${typed.path}.Q`, layer.Q, weights, h, typed.before, n, width)
    const q = D.multiply(e, D.transpose(Q)) // q_i = Q e_i
    const w = D.multiply(q, D.transpose(attended)) // w_ij = <e_j, q_i>
    const m = D.multiply(w, attended) // m_i = sum_j w_ij e_j
    y = D.add(y, D.multiply(m, D.transpose(P))) // y_i = P m_i
  }
  return y
}

/**
 * `b <- sum_k c_k T_k(M) b` with `M = (2 A - (low + high) I) / (high - low)`, by the recurrence `T_0 b = b`, `T_1 b = M b`,
 * `T_{k+1} b = 2 M T_k b - T_{k-1} b`. The rows of A are the parts A of the tokens.
 */
const chebyshev = (layer: L.Chebyshev, { typed, weights, n }: Place, e: D.Array64): D.Array64 => {
  const partA = stretch(typed.before, n, 'A')
  const partB = stretch(typed.before, n, 'b')
  const A = D.entries(D.columns(e, partA.from, partA.size))
  const c = array(weights, `${typed.path}.coefficients`)
  const timesM = (v: Float64Array): Float64Array => {
    const Mv = new Float64Array(n)
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) sum += A[i * n + j]! * v[j]!
      Mv[i] = (2 * sum - (layer.low + layer.high) * v[i]!) / (layer.high - layer.low)
    }
    return Mv
  }

  let before = D.entries(D.columns(e, partB.from, 1)) // T_{k-1} b
  let now = timesM(before) // T_k b
  const sum = before.map((value) => c[0]! * value)
  for (let k = 1; k <= layer.degree; k++) {
    const next = timesM(now)
    for (let i = 0; i < n; i++) {
      sum[i]! += c[k]! * now[i]!
      next[i] = 2 * next[i]! - before[i]!
    }
    before = now
    now = next
  }
  const y = D.of(D.entries(e), ...e.shape)
  for (let i = 0; i < n; i++) y.set(i, partB.from, sum[i]!)
  return y
}

/**
 * `b <- x`, what the body answers on the tokens `e_i = (a_i, b_i, u_i, ..., u_i)` and, with a query, `(0, 1, ...)`
 * (Vladymyrov et al. 2024, section 2), whose parts after b hold ones by the paper's convention, else zeros. The tokens are
 * written out in full; A is symmetric.
 */
const krylov = (layer: L.Krylov, { typed, weights, n }: Place, e: D.Array64): D.Array64 => {
  const body = child(typed)
  const [partA, partB] = [stretch(typed.before, n, 'A'), stretch(typed.before, n, 'b')]
  const inside = stretches(body.before, n)
  const full = D.zeros(sizeAt(body.before.count, n), sizeAt(T.width(body.before), n))
  for (const part of inside) {
    for (let i = 0; i < n; i++) {
      if (part.name === 'b') full.set(i, part.from, e.get(i, partB.from))
      else if (part.name !== 'A')
        full.set(i, part.from + i, 1) // the unit vector u_i
      else for (let j = 0; j < n; j++) full.set(i, part.from + j, e.get(i, partA.from + j))
    }
    if (layer.query === 'none') continue
    if (part.name === 'b') full.set(n, part.from, 1)
    else if (part.name !== 'A' && layer.query === 'paper') for (let c = 0; c < n; c++) full.set(n, part.from + c, 1)
  }
  const answered = applyLayer(body, weights, n, full)
  const answer = stretch(body.after, n, layer.part)
  const y = D.copy(e)
  for (let i = 0; i < n; i++) {
    y.set(i, partB.from, layer.query === 'none' ? answered.get(i, answer.from) : answered.get(n, answer.from + i))
  }
  return y
}

/**
 * What the body answers on the columns of `diag(1/N) A` and `diag(1/N) b / nu`, times `answer nu`: N holds the 2-norms of A's rows
 * and nu is the root mean square of `diag(1/N) b`. A zero b has the answer zero, and zero rows stay zero.
 */
const equilibrate = (layer: L.Equilibrate, { typed, weights, n }: Place, e: D.Array64): D.Array64 => {
  const N = Array.from({ length: n }, (_, r) => Math.sqrt(meanSquare(n, (i) => e.get(i, r)) * n))
  const divided = (value: number, by: number): number => (by === 0 ? 0 : value / by)
  const nu = Math.sqrt(meanSquare(n, (i) => divided(e.get(i, n), N[i]!)))
  const scaled = D.generate(n, n + 1, (i, c) =>
    c < n ? divided(e.get(i, c), N[c]!) : divided(divided(e.get(i, n), N[i]!), nu)
  )
  return D.scale(layer.answer * nu, applyLayer(child(typed), weights, n, scaled))
}

const sumOf = (n: number, of: (i: number) => number): number =>
  Array.from({ length: n }, (_, i) => of(i)).reduce((total, value) => total + value, 0)

const meanSquare = (n: number, of: (i: number) => number): number => sumOf(n, (i) => of(i) ** 2) / n

/** `(A_ji, b_j)` for every row j and column i, row by row, from columns. */
const entries = (n: number, e: D.Array64): D.Array64 =>
  D.generate(n * n, 2, (k, c) => {
    const [j, i] = [Math.floor(k / n), k % n]
    return c === 0 ? e.get(i, j) : e.get(j, n)
  })

const child = (typed: TypedLayer): TypedLayer => {
  const first = typed.children[0]
  if (first === undefined) throw new Error(`internal: ${typed.layer._tag} without a body`)
  return first
}

const inTurn = ({ typed, weights, n }: Place, e: D.Array64): D.Array64 =>
  typed.children.reduce((tokens, each) => applyLayer(each, weights, n, tokens), e)

/** The tokens [tokens, D] after a layer. */
export const applyLayer = (typed: TypedLayer, weights: Weights, n: number, e: D.Array64): D.Array64 => {
  const place: Place = { typed, weights, n }
  const [rows, width] = [sizeAt(typed.before.count, n), sizeAt(T.width(typed.before), n)]
  if (D.rowsOf(e) !== rows || D.columnsOf(e) !== width) {
    throw new Error(`internal: ${typed.layer._tag} expects ${rows} x ${width} tokens, found ${e.shape.join(' x ')}`)
  }
  return L.match<D.Array64>({
    linearMap: (layer) => linearMap(layer, place, e),
    linearAttention: (layer) => linearAttention(layer, place, e),
    softmaxAttention: (layer) => softmaxAttention(layer, place, e),
    layerNorm: (layer) => layerNorm(layer, place, e),
    gelu: (layer) => gelu(layer, e),
    positions: () => D.add(e, D.of(array(weights, `${typed.path}.table`), rows, width)), // y_i = e_i + p_i
    recurrent: (layer) => recurrent(layer, place, e),
    entries: () => entries(n, e),
    columnMeans: () => D.generate(n, width, (i, c) => sumOf(n, (j) => e.get(j * n + i, c)) / n), // y_i = mean_j e_ji
    scale: () => D.scale(array(weights, `${typed.path}.alpha`)[0]!, e), // y_i = alpha e_i
    chebyshev: (layer) => chebyshev(layer, place, e),
    krylov: (layer) => krylov(layer, place, e),
    equilibrate: (layer) => equilibrate(layer, place, e),
    residual: () => D.add(e, applyLayer(child(typed), weights, n, e)), // y_i = e_i + f(e)_i
    repeat: () => inTurn(place, e),
    sequence: () => inTurn(place, e)
  })(typed.layer)
}
