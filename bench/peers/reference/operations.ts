/**
 * Float64 operations of a transformer and their cotangents, written to be believed: what every contestant's answer is held
 * against. Matrices are flat, in C order.
 */

/** `C[m,n] = A[m,k] B[n,k]^T`, two rows by four columns at a time. */
const timesTransposed = (A: Float64Array, B: Float64Array, m: number, k: number, n: number): Float64Array => {
  const C = new Float64Array(m * n)
  const dot = (i: number, j: number): number => {
    let sum = 0
    for (let c = 0, p = i * k, q = j * k; c < k; c++) sum += A[p + c]! * B[q + c]!
    return sum
  }
  const [evenRows, fourColumns] = [m & ~1, n & ~3]
  for (let i = 0; i < evenRows; i += 2) {
    const p = i * k
    for (let j = 0; j < fourColumns; j += 4) {
      const q = j * k
      let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0]
      for (let c = 0; c < k; c++) {
        const a0 = A[p + c]!
        const a1 = A[p + k + c]!
        const b0 = B[q + c]!
        const b1 = B[q + k + c]!
        const b2 = B[q + 2 * k + c]!
        const b3 = B[q + 3 * k + c]!
        s00 += a0 * b0
        s01 += a0 * b1
        s02 += a0 * b2
        s03 += a0 * b3
        s10 += a1 * b0
        s11 += a1 * b1
        s12 += a1 * b2
        s13 += a1 * b3
      }
      C.set([s00, s01, s02, s03], i * n + j)
      C.set([s10, s11, s12, s13], (i + 1) * n + j)
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < evenRows ? fourColumns : 0; j < n; j++) C[i * n + j] = dot(i, j)
  }
  return C
}

export const transposed = (A: Float64Array, m: number, n: number): Float64Array => {
  const T = new Float64Array(m * n)
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) T[j * m + i] = A[i * n + j]!
  return T
}

/** `A[m,k] B[k,n]`. */
export const product = (A: Float64Array, B: Float64Array, m: number, k: number, n: number): Float64Array =>
  timesTransposed(A, transposed(B, k, n), m, k, n)

export const plus = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, k) => value + y[k]!)

// --- affine map ------------------------------------------------------------------------------------------------------

/** `y = x W + b`. x: [m, k]. W: [k, n]. b: [n]. */
export const affine = (x: Float64Array, W: Float64Array, b: Float64Array, m: number): Float64Array => {
  const n = b.length
  const y = product(x, W, m, W.length / n, n)
  return y.map((value, at) => value + b[at % n]!)
}

export const columnSums = (x: Float64Array, m: number, n: number): Float64Array => {
  const sums = new Float64Array(n)
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) sums[j]! += x[i * n + j]!
  return sums
}

/** `dW = x^T dy`, `db = 1^T dy`, `dx = dy W^T`. */
export const affineBack = (x: Float64Array, W: Float64Array, dy: Float64Array, m: number) => {
  const n = dy.length / m
  const k = x.length / m
  return {
    dx: timesTransposed(dy, W, m, n, k),
    dW: product(transposed(x, m, k), dy, k, m, n),
    db: columnSums(dy, m, n)
  }
}

// --- layer norm ------------------------------------------------------------------------------------------------------

const moments = (x: Float64Array, at: number, d: number, epsilon: number) => {
  let mean = 0
  for (let c = 0; c < d; c++) mean += x[at + c]! / d
  let variance = 0
  for (let c = 0; c < d; c++) variance += (x[at + c]! - mean) ** 2 / d
  return { mean, scale: 1 / Math.sqrt(variance + epsilon) }
}

/** `y_c = gain_c (x_c - mean x) / sqrt(var x + epsilon) + bias_c`, row by row (Ba et al. 2016). x: [m, d]. */
export const layerNorm = (x: Float64Array, gain: Float64Array, bias: Float64Array, epsilon: number): Float64Array => {
  const d = gain.length
  const y = new Float64Array(x.length)
  for (let at = 0; at < x.length; at += d) {
    const { mean, scale } = moments(x, at, d, epsilon)
    for (let c = 0; c < d; c++) y[at + c] = (x[at + c]! - mean) * scale * gain[c]! + bias[c]!
  }
  return y
}

/** With `z = (x - mean) scale` and `g = gain dy`: `dx = scale (g - mean g - z mean(g z))`. */
export const layerNormBack = (x: Float64Array, gain: Float64Array, dy: Float64Array, epsilon: number) => {
  const d = gain.length
  const dx = new Float64Array(x.length)
  const [dgain, dbias] = [new Float64Array(d), new Float64Array(d)]
  for (let at = 0; at < x.length; at += d) {
    const { mean, scale } = moments(x, at, d, epsilon)
    let [sum, along] = [0, 0]
    for (let c = 0; c < d; c++) {
      const z = (x[at + c]! - mean) * scale
      const g = gain[c]! * dy[at + c]!
      sum += g / d
      along += (g * z) / d
      dgain[c]! += dy[at + c]! * z
      dbias[c]! += dy[at + c]!
    }
    for (let c = 0; c < d; c++) {
      const z = (x[at + c]! - mean) * scale
      dx[at + c] = scale * (gain[c]! * dy[at + c]! - sum - z * along)
    }
  }
  return { dx, dgain, dbias }
}

// --- GELU ------------------------------------------------------------------------------------------------------------

const k0 = Math.sqrt(2 / Math.PI)
const inner = (x: number): number => k0 * (x + 0.044715 * x ** 3)

/** `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))` (Hendrycks and Gimpel 2016). */
export const gelu = (x: Float64Array): Float64Array => x.map((v) => 0.5 * v * (1 + Math.tanh(inner(v))))

export const geluBack = (x: Float64Array, dy: Float64Array): Float64Array =>
  x.map((v, at) => {
    const t = Math.tanh(inner(v))
    return dy[at]! * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * k0 * (1 + 3 * 0.044715 * v * v))
  })

// --- attention -------------------------------------------------------------------------------------------------------

export interface Heads {
  readonly batch: number
  readonly tokens: number
  readonly heads: number
  readonly width: number
}

/** One head's rows out of [batch, tokens, width], or back into it. */
const headOf = (x: Float64Array, { tokens, heads, width }: Heads, s: number, h: number): Float64Array => {
  const d = width / heads
  const out = new Float64Array(tokens * d)
  for (let i = 0; i < tokens; i++) {
    out.set(x.subarray((s * tokens + i) * width + h * d, (s * tokens + i) * width + (h + 1) * d), i * d)
  }
  return out
}

const putHead = (x: Float64Array, part: Float64Array, { tokens, heads, width }: Heads, s: number, h: number): void => {
  const d = width / heads
  for (let i = 0; i < tokens; i++) {
    x.set(part.subarray(i * d, (i + 1) * d), (s * tokens + i) * width + h * d)
  }
}

const softmaxRows = (x: Float64Array, n: number): Float64Array => {
  const y = new Float64Array(x.length)
  for (let at = 0; at < x.length; at += n) {
    const most = Math.max(...x.subarray(at, at + n))
    let sum = 0
    for (let j = 0; j < n; j++) sum += y[at + j] = Math.exp(x[at + j]! - most)
    for (let j = 0; j < n; j++) y[at + j]! /= sum
  }
  return y
}

const share = (q: Float64Array, k: Float64Array, tokens: number): Float64Array => {
  const d = q.length / tokens
  return softmaxRows(
    timesTransposed(q, k, tokens, d, tokens).map((value) => value / Math.sqrt(d)),
    tokens
  )
}

/** `softmax(Q K^T / sqrt(d)) V` in every head, no mask (Vaswani et al. 2017, eq. 1). q, k, v: [batch, tokens, width]. */
export const attention = (q: Float64Array, k: Float64Array, v: Float64Array, of: Heads): Float64Array => {
  const y = new Float64Array(q.length)
  for (let s = 0; s < of.batch; s++) {
    for (let h = 0; h < of.heads; h++) {
      const [qh, kh, vh] = [q, k, v].map((x) => headOf(x, of, s, h)) as [Float64Array, Float64Array, Float64Array]
      const part = product(share(qh, kh, of.tokens), vh, of.tokens, of.tokens, of.width / of.heads)
      putHead(y, part, of, s, h)
    }
  }
  return y
}

/** With `P` the shares: `dV = P^T dY`, `dP = dY V^T`, `dS = P (dP - rowsum(P dP))`, `dQ = dS K / sqrt(d)`, `dK = dS^T Q / sqrt(d)`. */
export const attentionBack = (q: Float64Array, k: Float64Array, v: Float64Array, dy: Float64Array, of: Heads) => {
  const { tokens, width, heads } = of
  const d = width / heads
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(q.length), new Float64Array(q.length)]
  for (let s = 0; s < of.batch; s++) {
    for (let h = 0; h < heads; h++) {
      const take = (x: Float64Array): Float64Array => headOf(x, of, s, h)
      const [qh, kh, vh, dyh] = [take(q), take(k), take(v), take(dy)]
      const P = share(qh, kh, tokens)
      const dP = timesTransposed(dyh, vh, tokens, d, tokens)
      const dS = new Float64Array(P.length)
      for (let at = 0; at < P.length; at += tokens) {
        let mean = 0
        for (let j = 0; j < tokens; j++) mean += P[at + j]! * dP[at + j]!
        for (let j = 0; j < tokens; j++) dS[at + j] = (P[at + j]! * (dP[at + j]! - mean)) / Math.sqrt(d)
      }
      putHead(dv, product(transposed(P, tokens, tokens), dyh, tokens, tokens, d), of, s, h)
      putHead(dq, product(dS, kh, tokens, tokens, d), of, s, h)
      putHead(dk, product(transposed(dS, tokens, tokens), qh, tokens, tokens, d), of, s, h)
    }
  }
  return { dq, dk, dv }
}
