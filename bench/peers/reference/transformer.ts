/**
 * The transformer of the benchmark in float64: columns of a system in, unknowns out; its loss, gradient and Adam steps.
 *
 *     h = (A[:, i], b_i) W + bias + positions;  h += O attention(norm h), h += D gelu(U norm h), `blocks` times;  x = norm(h) w
 */
import * as op from './operations'

export interface Shape {
  readonly batch: number
  /** Tokens of a system, which is its unknowns too. */
  readonly tokens: number
  readonly width: number
  readonly heads: number
  readonly hidden: number
  readonly blocks: number
}

/** Weights by name, float64; `W` of every affine map is [in, out]. */
export type Weights = Readonly<Record<string, Float64Array>>

export const epsilon = 1e-5

/** Dimensions of every weight, in the order of use. */
export const dimensions = ({ tokens, width, hidden, blocks }: Shape): Readonly<Record<string, readonly number[]>> => {
  const affine = (name: string, from: number, to: number) => ({ [`${name}.W`]: [from, to], [`${name}.b`]: [to] })
  const norm = (name: string) => ({ [`${name}.gain`]: [width], [`${name}.bias`]: [width] })
  const block = (k: number) => ({
    ...norm(`${k}.norm1`),
    ...affine(`${k}.q`, width, width),
    ...affine(`${k}.k`, width, width),
    ...affine(`${k}.v`, width, width),
    ...affine(`${k}.o`, width, width),
    ...norm(`${k}.norm2`),
    ...affine(`${k}.up`, width, hidden),
    ...affine(`${k}.down`, hidden, width)
  })
  return Object.assign(
    { ...affine('in', tokens + 1, width), positions: [tokens, width] },
    ...Array.from({ length: blocks }, (_, k) => block(k)),
    { ...norm('norm'), ...affine('out', width, 1) }
  ) as Readonly<Record<string, readonly number[]>>
}

/** Tokens `(A[:, i], b_i)`: [batch, tokens, tokens + 1]. */
const encode = (A: Float64Array, b: Float64Array, { batch, tokens: n }: Shape): Float64Array => {
  const e = new Float64Array(batch * n * (n + 1))
  for (let s = 0; s < batch; s++) {
    for (let i = 0; i < n; i++) {
      const at = (s * n + i) * (n + 1)
      for (let j = 0; j < n; j++) e[at + j] = A[(s * n + j) * n + i]!
      e[at + n] = b[s * n + i]!
    }
  }
  return e
}

const weight = (weights: Weights, name: string): Float64Array => {
  const found = weights[name]
  if (found === undefined) throw new Error(`internal: no weight ${name}`)
  return found
}

/** What the way back needs of one block. */
interface Trace {
  readonly h: Float64Array
  readonly n1: Float64Array
  readonly q: Float64Array
  readonly k: Float64Array
  readonly v: Float64Array
  readonly a: Float64Array
  readonly h1: Float64Array
  readonly n2: Float64Array
  readonly u: Float64Array
  readonly g: Float64Array
}

const walk = (weights: Weights, A: Float64Array, b: Float64Array, shape: Shape) => {
  const { batch, tokens, width, blocks } = shape
  const m = batch * tokens
  const w = (name: string) => weight(weights, name)
  const map = (x: Float64Array, name: string) => op.affine(x, w(`${name}.W`), w(`${name}.b`), m)
  const norm = (x: Float64Array, name: string) => op.layerNorm(x, w(`${name}.gain`), w(`${name}.bias`), epsilon)
  const e = encode(A, b, shape)
  const positions = w('positions')
  let h: Float64Array = map(e, 'in').map((value, at) => value + positions[at % (tokens * width)]!)
  const traces: Trace[] = []
  for (let block = 0; block < blocks; block++) {
    const n1 = norm(h, `${block}.norm1`)
    const [q, k, v] = [map(n1, `${block}.q`), map(n1, `${block}.k`), map(n1, `${block}.v`)]
    const a = op.attention(q, k, v, shape)
    const h1 = op.plus(h, map(a, `${block}.o`))
    const n2 = norm(h1, `${block}.norm2`)
    const u = map(n2, `${block}.up`)
    const g = op.gelu(u)
    traces.push({ h, n1, q, k, v, a, h1, n2, u, g })
    h = op.plus(h1, map(g, `${block}.down`))
  }
  const n = norm(h, 'norm')
  return { e, traces, h, n, x: map(n, 'out') }
}

/** x: [batch, tokens]. A: [batch, tokens, tokens]. b: [batch, tokens]. */
export const forward = (weights: Weights, A: Float64Array, b: Float64Array, shape: Shape): Float64Array =>
  walk(weights, A, b, shape).x

/** Mean square error of x over all unknowns of all systems, and its gradient by every weight. */
export const gradient = (weights: Weights, A: Float64Array, b: Float64Array, target: Float64Array, shape: Shape) => {
  const m = shape.batch * shape.tokens
  const { e, traces, h, n, x } = walk(weights, A, b, shape)
  const error = x.map((value, at) => value - target[at]!)
  const loss = error.reduce((sum, value) => sum + value * value, 0) / m
  const out: Record<string, Float64Array> = {}
  const w = (name: string) => weight(weights, name)
  const mapBack = (input: Float64Array, name: string, dy: Float64Array): Float64Array => {
    const { dx, dW, db } = op.affineBack(input, w(`${name}.W`), dy, m)
    out[`${name}.W`] = dW
    out[`${name}.b`] = db
    return dx
  }
  const normBack = (input: Float64Array, name: string, dy: Float64Array): Float64Array => {
    const { dx, dgain, dbias } = op.layerNormBack(input, w(`${name}.gain`), dy, epsilon)
    out[`${name}.gain`] = dgain
    out[`${name}.bias`] = dbias
    return dx
  }
  const dx = error.map((value) => (2 * value) / m)
  let dh: Float64Array = normBack(h, 'norm', mapBack(n, 'out', dx))
  for (const [block, t] of [...traces.entries()].reverse()) {
    const du = op.geluBack(t.u, mapBack(t.g, `${block}.down`, dh))
    const dh1 = op.plus(dh, normBack(t.h1, `${block}.norm2`, mapBack(t.n2, `${block}.up`, du)))
    const { dq, dk, dv } = op.attentionBack(t.q, t.k, t.v, mapBack(t.a, `${block}.o`, dh1), shape)
    const dn1 = [
      mapBack(t.n1, `${block}.q`, dq),
      mapBack(t.n1, `${block}.k`, dk),
      mapBack(t.n1, `${block}.v`, dv)
    ].reduce(op.plus)
    dh = op.plus(dh1, normBack(t.h, `${block}.norm1`, dn1))
  }
  out['positions'] = op.columnSums(dh, shape.batch, shape.tokens * shape.width)
  mapBack(e, 'in', dh)
  return { loss, gradient: out as Weights }
}

/** The constants of Adam that every contestant uses (Kingma and Ba 2015). */
export const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/** Losses before each of `steps` Adam steps from zero state, on one batch. */
export const losses = (
  start: Weights,
  A: Float64Array,
  b: Float64Array,
  target: Float64Array,
  shape: Shape,
  steps: number
): readonly number[] => {
  const weights = Object.fromEntries(Object.entries(start).map(([name, values]) => [name, values.slice()]))
  const zeros = () => Object.fromEntries(Object.entries(start).map(([name, v]) => [name, new Float64Array(v.length)]))
  const [first, second] = [zeros(), zeros()]
  const all: number[] = []
  for (let t = 1; t <= steps; t++) {
    const { loss, gradient: g } = gradient(weights, A, b, target, shape)
    all.push(loss)
    for (const [name, values] of Object.entries(weights)) {
      const [m, v, dv] = [first[name]!, second[name]!, g[name]!]
      for (let k = 0; k < values.length; k++) {
        m[k] = adam.beta1 * m[k]! + (1 - adam.beta1) * dv[k]!
        v[k] = adam.beta2 * v[k]! + (1 - adam.beta2) * dv[k]! ** 2
        const step = m[k]! / (1 - adam.beta1 ** t) / (Math.sqrt(v[k]! / (1 - adam.beta2 ** t)) + adam.epsilon)
        values[k]! -= adam.rate * step
      }
    }
  }
  return all
}
