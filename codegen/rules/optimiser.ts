/**
 * Optimiser steps as equations: gradient clipping by global norm, Adam (Kingma and Ba 2015, algorithm 1) and AdamW
 * (Loshchilov and Hutter 2019, algorithm 2).
 *
 * State: `m(p)` and `v(p)` for every parameter p, and the powers `beta1^t`, `beta2^t`, which start at one. The learning
 * rate is data, so that a schedule costs no new program.
 */
import type * as Dim from '../../spec/dim'
import type { Equation } from '../equation'
import * as X from '../expr'
import type { Line } from '../rule'
import * as Tape from '../tape'

export interface Optimiser {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Decoupled weight decay; 0 is Adam, anything else AdamW. */
  readonly weightDecay: number
  /** The largest global norm of the gradient, or `null`. */
  readonly clip: number | null
}

/** Adam with the constants of the paper. */
export const adam: Optimiser = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clip: null }

export const adamW = (weightDecay: number): Optimiser => ({ ...adam, weightDecay })

export interface Slot {
  readonly name: string
  readonly dims: readonly Dim.Dim[]
  readonly gradient: string
}

const indices = (dims: readonly Dim.Dim[]): readonly X.Index[] =>
  dims.map((dim, axis) => X.index(['i', 'j', 'k', 'l'][axis] ?? `axis${axis}`, dim))

/** The equations of one step, appended to the tape. */
export const updates = (
  tape: Tape.Tape,
  slots: readonly Slot[],
  o: Optimiser
): { readonly outputs: readonly string[]; readonly updates: readonly { input: string; output: string }[] } => {
  const define = (name: string, line: Line, bound: Readonly<Record<string, string>>): string => {
    Tape.declare(
      tape,
      name,
      line.over.map((i) => i.dim),
      'value'
    )
    const labels = Object.fromEntries([[name, line.defines], ...Object.entries(bound).map(([l, g]) => [g, l])])
    const value = X.mapReads((r) => ({ ...r, tensor: bound[r.tensor] as string }))(line.value)
    const equation: Equation = {
      defines: name,
      over: line.over,
      value,
      rule: o.weightDecay === 0 ? 'adam' : 'adamw',
      part: 'update',
      path: name,
      labels
    }
    tape.equations.push(equation)
    return name
  }
  const made: { input: string; output: string }[] = []
  const next = (input: string, line: Line, bound: Readonly<Record<string, string>>): string => {
    const output = define(`${input}'`, line, bound)
    made.push({ input, output })
    return output
  }

  const rate = Tape.declare(tape, 'rate', [], 'data')
  const power1 = Tape.declare(tape, 'power1', [], 'state')
  const power2 = Tape.declare(tape, 'power2', [], 'state')
  const p = X.tensor('power')()
  const power1_ = next(power1, { defines: 'next', over: [], value: X.multiply(o.beta1, p) }, { power: power1 })
  const power2_ = next(power2, { defines: 'next', over: [], value: X.multiply(o.beta2, p) }, { power: power2 })

  // scale = clip / max(clip, ||g||): one where the norm is small enough.
  let scale: string | null = null
  if (o.clip !== null) {
    const squares = slots.map((slot) => {
      const over = indices(slot.dims)
      const g = X.tensor('g')(...over)
      return define(
        `square(${slot.name})`,
        { defines: 'square', over: [], value: X.sum(over, g, g) },
        { g: slot.gradient }
      )
    })
    const total = X.add(...squares.map((_, k) => X.tensor(`square${k}`)()))
    const bound = Object.fromEntries(squares.map((name, k) => [`square${k}`, name]))
    const sum = define('squares', { defines: 'squares', over: [], value: total }, bound)
    const root = X.sqrt(X.tensor('squares')())
    const value = X.divide(o.clip, X.largest(o.clip, root))
    scale = define('clip', { defines: 'clip', over: [], value }, { squares: sum })
  }

  for (const slot of slots) {
    const over = indices(slot.dims)
    const m = Tape.declare(tape, `m(${slot.name})`, slot.dims, 'state')
    const v = Tape.declare(tape, `v(${slot.name})`, slot.dims, 'state')
    const raw = X.tensor('g')(...over)
    const g = scale === null ? raw : X.multiply(X.tensor('clip')(), raw)
    const given = { g: slot.gradient, ...(scale === null ? {} : { clip: scale }) }
    const [m0, v0] = [X.tensor('m')(...over), X.tensor('v')(...over)]
    const m1 = X.add(X.multiply(o.beta1, m0), X.multiply(1 - o.beta1, g))
    const v1 = X.add(X.multiply(o.beta2, v0), X.multiply(1 - o.beta2, g, g))
    const m_ = next(m, { defines: 'next', over, value: m1 }, { ...given, m })
    const v_ = next(v, { defines: 'next', over, value: v1 }, { ...given, v })
    // p - rate (mhat / (sqrt vhat + epsilon) + decay p)
    const corrected = (x: string, power: string) =>
      X.divide(X.tensor(x)(...over), X.add(1, X.negate(X.tensor(power)())))
    const direction = X.divide(corrected('m', 'power1'), X.add(X.sqrt(corrected('v', 'power2')), o.epsilon))
    const p0 = X.tensor('p')(...over)
    const moved = o.weightDecay === 0 ? direction : X.add(direction, X.multiply(o.weightDecay, p0))
    const value = X.add(p0, X.negate(X.multiply(X.tensor('rate')(), moved)))
    next(
      slot.name,
      { defines: 'next', over, value },
      { p: slot.name, m: m_, v: v_, power1: power1_, power2: power2_, rate }
    )
  }
  return { outputs: made.map((u) => u.output), updates: made }
}
