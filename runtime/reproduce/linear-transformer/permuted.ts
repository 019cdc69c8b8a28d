/** Systems and tokens with their places changed, and how far answers then differ. */
import type { Typed } from '../../../spec/infer'
import * as D from '../../interpreter/dense'
import { answer, encode, type System } from '../../interpreter/interpret'
import { applyLayer } from '../../interpreter/layers'
import * as Key from '../../random/key'
import type { Sample } from '../../sample/sample'
import type { Weights } from '../../weights/weights'

/** For every system the place that each of n things moves to: a permutation, never the identity for n > 1. */
export type Places = readonly (readonly number[])[]

/** The order of n random numbers; where that is no change, a turn by one. */
export const permutations = (key: Key.Key, n: number, systems: number): Places =>
  Array.from({ length: systems }, (_, s) => {
    const u = Key.uniform(Key.fold(key, s), n)
    const order = Array.from(u, (_u, k) => k).sort((p, q) => u[p]! - u[q]!)
    return order.every((place, k) => place === k) ? order.map((k) => (k + 1) % n) : order
  })

/** `P A, P b`, and with `unknowns` `P A P^T, P b`; x moves with the unknowns. */
export const equations = ({ n, batch, A, b, x }: Sample, P: Places, unknowns: boolean): Sample => {
  const [movedA, movedB, movedX] = [new Float64Array(A.length), new Float64Array(b.length), x.slice()]
  for (const [s, place] of P.entries()) {
    for (let i = 0; i < n; i++) {
      const to = place[i]!
      movedB[s * n + to] = b[s * n + i]!
      if (unknowns) movedX[s * n + to] = x[s * n + i]!
      for (let j = 0; j < n; j++) {
        movedA[(s * n + to) * n + (unknowns ? place[j]! : j)] = A[(s * n + i) * n + j]!
      }
    }
  }
  return { n, batch, A: movedA, b: movedB, x: movedX }
}

/** `P x`. */
export const movedAnswer = (x: Float64Array, P: Places, n: number): Float64Array => {
  const moved = new Float64Array(x.length)
  for (const [s, place] of P.entries()) for (let i = 0; i < n; i++) moved[s * n + place[i]!] = x[s * n + i]!
  return moved
}

/** Answers from tokens that came in another order; the query, where there is one, stays the last. */
export const tokensMoved = (typed: Typed, weights: Weights, sample: Sample, P: Places | null): Float64Array => {
  const { n, batch } = sample
  const x = new Float64Array(batch * n)
  for (let s = 0; s < batch; s++) {
    const system: System = {
      A: D.of(sample.A.slice(s * n * n, (s + 1) * n * n), n, n),
      b: D.of(sample.b.slice(s * n, (s + 1) * n), n)
    }
    const e = encode(typed, weights, system)
    const moved = D.copy(e)
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < D.columnsOf(e); c++) moved.set(P?.[s]?.[i] ?? i, c, e.get(i, c))
    }
    x.set(answer(typed, system, applyLayer(typed.body, weights, n, moved)).data, s * n)
  }
  return x
}

/** The largest `||x - y||_2 / ||y||_2` of one system; infinite where a number is not finite. */
export const deviation = (x: Float64Array, y: Float64Array, n: number): number => {
  let most = 0
  for (let s = 0; s * n < y.length; s++) {
    let [apart, size] = [0, 0]
    for (let i = s * n; i < (s + 1) * n; i++) {
      apart += (x[i]! - y[i]!) ** 2
      size += y[i]! ** 2
    }
    const own = Math.sqrt(apart / size)
    most = Math.max(most, Number.isNaN(own) ? Infinity : own)
  }
  return most
}
