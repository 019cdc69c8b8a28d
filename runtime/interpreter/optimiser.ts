/**
 * Optimiser steps as their papers state them, in float64: Adam (Kingma and Ba 2015, algorithm 1), AdamW (Loshchilov and
 * Hutter 2019, algorithm 2), clipping by global norm (Pascanu et al. 2013). The judge of the compiled ones.
 */

type Arrays = Readonly<Record<string, Float64Array>>

export interface Moments {
  readonly parameters: Arrays
  readonly m: Arrays
  readonly v: Arrays
  /** `beta1^t` and `beta2^t` before the step. */
  readonly power1: number
  readonly power2: number
}

export interface Settings {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  readonly clip: number | null
}

/** One step from given gradients with learning rate `rate`. */
export const adamStep = (before: Moments, gradients: Arrays, rate: number, o: Settings): Moments => {
  const names = Object.keys(before.parameters)
  let squares = 0
  for (const name of names) for (const g of gradients[name]!) squares += g * g
  const norm = Math.sqrt(squares)
  const shrink = o.clip !== null && norm > o.clip ? o.clip / norm : 1

  const power1 = before.power1 * o.beta1
  const power2 = before.power2 * o.beta2
  const [parameters, m, v] = [0, 1, 2].map(() => ({}) as Record<string, Float64Array>) as [
    Record<string, Float64Array>,
    Record<string, Float64Array>,
    Record<string, Float64Array>
  ]
  for (const name of names) {
    const [theta, m0, v0, g0] = [before.parameters[name]!, before.m[name]!, before.v[name]!, gradients[name]!]
    m[name] = m0.map((x, k) => o.beta1 * x + (1 - o.beta1) * shrink * g0[k]!)
    v[name] = v0.map((x, k) => o.beta2 * x + (1 - o.beta2) * (shrink * g0[k]!) ** 2)
    parameters[name] = theta.map((x, k) => {
      const mHat = m[name]![k]! / (1 - power1)
      const vHat = v[name]![k]! / (1 - power2)
      return x - rate * (mHat / (Math.sqrt(vHat) + o.epsilon) + o.weightDecay * x)
    })
  }
  return { parameters, m, v, power1, power2 }
}
