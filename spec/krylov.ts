/**
 * Degrees in a block Krylov space: how far the coordinates of a network's tokens reach, layer by layer, from its spec alone.
 *
 * The tokens of a symmetric A under Block weights are `X_m = p_m(A) + K C_m K^T`, `b = K beta`, and the query's parts
 * `K xi_m`, with `K = [T_k(M) b, T_k(M) 1]_k`. See Note [Degrees].
 */
import type { TypedLayer } from './infer'
import type { Krylov } from './layer'
import type { Weight } from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

/** The highest k of `T_k(M) b` and of `T_k(M) 1`; -1 where no such vector takes part. */
export type Reach = readonly [b: number, ones: number]

/** What is known of the tokens at one place of a network. */
export interface Degrees {
  /** Of the polynomials `p_m`. */
  readonly poly: number
  /** Of the rows and of the columns of `C_m`. */
  readonly rows: Reach
  readonly columns: Reach
  readonly beta: Reach
  readonly xi: Reach
}

/** Degrees inside one attention layer. */
export interface AttentionDegrees {
  /** Of the queries `U = Q e` and the values `V = P e`. */
  readonly U: Degrees
  readonly V: Degrees
  /** Of `S = sum_m U_m X_m^T + u b^T` on the equations; `xi` is that of its last row, the query's. */
  readonly S: Degrees
  readonly after: Degrees
}

/** What a `krylov` layer needs of its basis. */
export interface Extent {
  /** One where only b spans the space, two with the vector of ones. */
  readonly generators: 1 | 2
  readonly start: Degrees
  readonly after: Degrees
  /** The vectors of the answer. */
  readonly top: Reach
  /** The highest degree in the Gram matrix `K^T K`. */
  readonly gram: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const none: Reach = [-1, -1]
const one: Reach = [-1, 0]

export const farthest = (...all: readonly Reach[]): Reach => [
  Math.max(-1, ...all.map(([b]) => b)),
  Math.max(-1, ...all.map(([, ones]) => ones))
]

/** The reach of `p(A) v`, p of the given degree. */
const times = (degree: number, [b, ones]: Reach): Reach => [b < 0 ? -1 : b + degree, ones < 0 ? -1 : ones + degree]

/** Tokens as a `krylov` layer begins: `X_0 = A`, `X_m = I`, `b` itself, the query 0 or 1. */
export const start = (layer: Krylov): Degrees => ({
  poly: 1,
  rows: none,
  columns: none,
  beta: [0, -1],
  xi: layer.query === 'paper' && layer.blocks > 0 ? one : none
})

// --- destructors -----------------------------------------------------------------------------------------------------

/** The higher of the two degrees; -1 where there is nothing. */
export const most = (r: Reach): number => Math.max(...r)

/** The coordinates that an array has on each generator: 0 where there is nothing. */
export const size = (r: Reach): number => most(r) + 1

const hasOnes = (weight: Weight): boolean => weight._tag === 'block' && weight.allOnes

/** The row sums `X_m 1 = p_m(A) 1 + K C_m K^T 1`. */
export const rowSums = (d: Degrees): Reach => farthest([-1, d.poly], d.rows)

/** After `Y_m = sum_p mu1_mp X_p + (sum_p mu2_mp X_p 1 + column_m b) 1^T`, `y = sum_p row_p X_p 1 + entry b`. */
export const afterLinear = (weight: Weight, query: boolean, d: Degrees): Degrees =>
  hasOnes(weight)
    ? {
        poly: d.poly,
        rows: farthest(d.rows, rowSums(d), d.beta),
        columns: farthest(d.columns, one),
        beta: farthest(d.beta, rowSums(d)),
        xi: query ? farthest(d.xi, one) : d.xi
      }
    : d

/** Inside and after `X <- S V`, `S = sum_m U_m X_m^T + u b^T`. */
export const inAttention = (P: Weight, Q: Weight, query: boolean, X: Degrees): AttentionDegrees => {
  const [U, V] = [afterLinear(Q, query, X), afterLinear(P, query, X)]
  const S: Degrees = {
    poly: U.poly + X.poly,
    rows: farthest(times(U.poly, X.columns), U.rows, U.beta),
    columns: farthest(X.rows, times(X.poly, U.columns), X.beta),
    beta: none,
    xi: query ? farthest(times(X.poly, U.xi), most(U.xi) < 0 ? none : X.rows, X.beta) : none
  }
  const after: Degrees = {
    poly: S.poly + V.poly,
    rows: farthest(times(S.poly, V.rows), S.rows),
    columns: farthest(V.columns, times(V.poly, S.columns)),
    beta: farthest(times(S.poly, V.beta), S.rows),
    xi: query ? farthest(times(V.poly, S.xi), V.columns) : none
  }
  return { U, V, S, after }
}

/** Of a sum. */
export const plus = (d: Degrees, e: Degrees): Degrees => ({
  poly: Math.max(d.poly, e.poly),
  rows: farthest(d.rows, e.rows),
  columns: farthest(d.columns, e.columns),
  beta: farthest(d.beta, e.beta),
  xi: farthest(d.xi, e.xi)
})

interface Walk {
  readonly degrees: Degrees
  readonly gram: number
  readonly ones: boolean
}

const walk = (typed: TypedLayer, query: boolean, before: Walk): Walk => {
  const { layer, children } = typed
  const seen = (degrees: Degrees, ones: boolean, ...all: readonly Degrees[]): Walk => ({
    degrees,
    gram: Math.max(before.gram, ...all.flatMap((d) => [d.rows, d.columns, d.beta, d.xi].map(most))),
    ones: before.ones || ones
  })
  switch (layer._tag) {
    case 'linearMap': {
      const after = afterLinear(layer.weight, query, before.degrees)
      return seen(after, hasOnes(layer.weight), before.degrees)
    }
    case 'linearAttention': {
      const { U, V, S, after } = inAttention(layer.P, layer.Q, query, before.degrees)
      return seen(after, hasOnes(layer.P) || hasOnes(layer.Q), before.degrees, U, V, S)
    }
    case 'scale':
      return before
    case 'residual': {
      const inside = children.reduce((state, child) => walk(child, query, state), before)
      return { ...inside, degrees: plus(before.degrees, inside.degrees) }
    }
    case 'repeat':
    case 'sequence':
      return children.reduce((state, child) => walk(child, query, state), before)
    case 'softmaxAttention':
    case 'layerNorm':
    case 'gelu':
    case 'positions':
    case 'recurrent':
    case 'entries':
    case 'columnMeans':
    case 'chebyshev':
    case 'krylov':
    case 'equilibrate':
      throw new Error(`internal: ${layer._tag} inside a krylov layer`)
  }
}

/** What the basis of a `krylov` layer must span. */
export const extent = (layer: Krylov, body: TypedLayer): Extent => {
  const first = start(layer)
  const query = layer.query !== 'none'
  const { degrees, gram, ones } = walk(body, query, { degrees: first, gram: 0, ones: most(first.xi) >= 0 })
  return { generators: ones ? 2 : 1, start: first, after: degrees, top: query ? degrees.xi : degrees.beta, gram }
}

/** Tokens at one place of a body. */
export interface Place {
  readonly name: string
  readonly degrees: Degrees
}

/** The degrees before a body and after each of the layers that it is a chain of. */
export const places = (layer: Krylov, body: TypedLayer): readonly Place[] => {
  const steps = (typed: TypedLayer): readonly TypedLayer[] =>
    typed.layer._tag === 'repeat' || typed.layer._tag === 'sequence' ? typed.children.flatMap(steps) : [typed]
  const found: Place[] = [{ name: 'tokens', degrees: start(layer) }]
  for (const [k, typed] of steps(body).entries()) {
    const before: Walk = { degrees: (found[k] as Place).degrees, gram: 0, ones: false }
    found.push({ name: `after layer ${k + 1}`, degrees: walk(typed, layer.query !== 'none', before).degrees })
  }
  return found
}

/** Matrix-vector products: one for each vector of the basis but b, 1 and `M 1`, which is A's row sums. */
export const products = ({ top: [b, ones] }: Pick<Extent, 'top'>): number => Math.max(0, b) + Math.max(0, ones - 1)

// Note [Degrees]
// p(A) K C = K C' with rows as much farther as p has degree, and K^T p(A) = (p(A) K)^T. So
// S = sum_m U_m X_m^T + u b^T is p_S(A) + K C_S K^T with
// C_S = sum_m [p_U] C^T + C_U [p]^T + C_U G C^T + beta_U beta^T, where [p] multiplies coordinates by p and G = K^T K, and
// S V likewise. Rows, columns and beta never reach farther than the polynomials: 3^l after l layers. The query's parts
// reach 3^l - 1 from the ones, and one less from b, which enters them one product later: 2 * 3^L - 3 vectors besides b and
// 1 in all, of which M 1 takes no more than row sums: 14 products for two layers and 50 for three, or 3^L - 2 where there
// are no ones.
