/**
 * The layer interpreter: what a model means, in float64, one system at a time, from the papers' formulas with every
 * matrix written out. It is the judge of the compiler and shares nothing with it but the spec.
 */
import type { Typed } from '../../spec/infer'
import type { Encoding } from '../../spec/token'
import * as T from '../../spec/token'
import type { Weights } from '../weights/weights'
import * as D from './dense'
import { applyLayer } from './layers'
import { array, sizeAt, stretch, stretches } from './matrices'

// --- model -----------------------------------------------------------------------------------------------------------

/** A linear system `A x = b`; A is [n, n], b is [n]. */
export interface System {
  readonly A: D.Array64
  readonly b: D.Array64
}

/** Systems of one size: A is [batch, n, n] and b is [batch, n], both flat in C order. */
export interface Systems {
  readonly n: number
  readonly batch: number
  readonly A: Float64Array
  readonly b: Float64Array
}

// --- encoding --------------------------------------------------------------------------------------------------------

/** What b is multiplied by on its way in, and the answer divided by on its way out: `bScale / ||b||_2`, or 1. */
const scaleOf = (encoding: Encoding, b: D.Array64): number =>
  encoding._tag === 'equations' && encoding.bScale !== null ? encoding.bScale / D.norm(b) : 1

/** Tokens `e_i = (a_i, b_i, h_i)` and the query `(0, 1, ...)` (Vladymyrov et al. 2024, section 2). */
const equations = (
  encoding: Extract<Encoding, { _tag: 'equations' }>,
  typed: Typed,
  weights: Weights,
  n: number,
  { A, b }: System
): D.Array64 => {
  const e = D.zeros(sizeAt(typed.tokens.count, n), sizeAt(T.width(typed.tokens), n))
  const embeddings = stretches(typed.tokens, n).slice(2)
  const partB = stretch(typed.tokens, n, 'b')
  const { embedding, query } = encoding
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) e.set(i, j, A.get(i, j))
    e.set(i, partB.from, scaleOf(encoding, b) * b.get(i))
    for (const part of embeddings) {
      switch (embedding._tag) {
        case 'identity':
          e.set(i, part.from + i, 1) // the unit vector u_i
          break
        case 'learned':
          for (let c = 0; c < part.size; c++) {
            e.set(i, part.from + c, array(weights, 'embedding.H')[i * part.size + c]!)
          }
          break
      }
    }
  }
  if (query !== 'none') e.set(n, partB.from, 1)
  if (query === 'paper') {
    for (const part of embeddings) for (let c = 0; c < part.size; c++) e.set(n, part.from + c, 1)
  }
  return e
}

/** Tokens `e_i = (A[:, i], b_i)` (Sittoni and Tudisco 2025, section 3). */
const columns = (n: number, { A, b }: System): D.Array64 => {
  const e = D.zeros(n, n + 1)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) e.set(i, j, A.get(j, i))
    e.set(i, n, b.get(i))
  }
  return e
}

/** The tokens [tokens, D] of one system, before the first layer. */
export const encode = (typed: Typed, weights: Weights, system: System): D.Array64 => {
  const n = D.rowsOf(system.A)
  const { encoding } = typed.model
  return encoding._tag === 'columns' ? columns(n, system) : equations(encoding, typed, weights, n, system)
}

// --- readout ---------------------------------------------------------------------------------------------------------

/** What stands where the answer is read [n], still in the scale that b was given. */
const readout = (typed: Typed, n: number, e: D.Array64): D.Array64 => {
  const { readout: where } = typed.model
  const part = stretch(typed.body.after, n, where.part)
  const x = D.zeros(n)
  for (let i = 0; i < n; i++) {
    switch (where._tag) {
      case 'query':
        x.set(i, e.get(D.rowsOf(e) - 1, part.from + i))
        break
      case 'perToken':
        x.set(i, e.get(i, part.from))
        break
      case 'transposed': {
        const b = stretch(typed.body.after, n, 'b')
        let sum = 0
        for (let j = 0; j < n; j++) sum += e.get(j, part.from + i) * e.get(j, b.from) // e_j[part]_i e_j[b]
        x.set(i, sum)
        break
      }
    }
  }
  return x
}

/** The answer [n] in the tokens after the last layer; where b was scaled on its way in, scaled back. */
export const answer = (typed: Typed, system: System, e: D.Array64): D.Array64 => {
  const x = readout(typed, D.rowsOf(system.A), e)
  const back = 1 / scaleOf(typed.model.encoding, system.b)
  return D.of(
    x.data.map((value) => back * value),
    ...x.shape
  )
}

// --- models ----------------------------------------------------------------------------------------------------------

/**
 * The answer x [n] that a model with these weights gives to `A x = b`, in float64. The weights are those of the model at
 * this n (see `validate`). With a scaled b, a zero b has the answer zero.
 */
export const interpret = (typed: Typed, weights: Weights, system: System): D.Array64 => {
  const n = D.rowsOf(system.A)
  const { encoding } = typed.model
  if (encoding._tag === 'equations' && encoding.bScale !== null && D.norm(system.b) === 0) return D.zeros(n)
  const tokens = applyLayer(typed.body, weights, n, encode(typed, weights, system))
  return answer(typed, system, tokens)
}

/** The answers [batch, n], flat in C order, of many systems of one size. */
export const interpretBatch = (typed: Typed, weights: Weights, { n, batch, A, b }: Systems): Float64Array => {
  const x = new Float64Array(batch * n)
  for (let s = 0; s < batch; s++) {
    const system: System = {
      A: D.of(A.slice(s * n * n, (s + 1) * n * n), n, n),
      b: D.of(b.slice(s * n, (s + 1) * n), n)
    }
    x.set(interpret(typed, weights, system).data, s * n)
  }
  return x
}
