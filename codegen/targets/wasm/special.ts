/**
 * `exp`, `erf` and `tanh` by the polynomials of `targets/special`, without branches. Arguments are held to the limits
 * there; NaN stays NaN.
 */
import type { Special } from '../../expr'
import { erf, exp, type Rational, tanh } from '../special'
import * as W from './code'
import type { Scope } from './scope'

type Vector = W.Value<'v128'>

const add = (p: Vector, q: Vector): Vector => W.op('f32x4.add', p, q)
const subtract = (p: Vector, q: Vector): Vector => W.op('f32x4.sub', p, q)
const multiply = (p: Vector, q: Vector): Vector => W.op('f32x4.mul', p, q)

const horner = (coefficients: readonly number[], t: Vector): Vector => {
  const [first, ...rest] = coefficients
  const own = W.four(first ?? 0)
  return rest.length === 0 ? own : add(own, multiply(t, horner(rest, t)))
}

/** Between the limits. `pmin(x, y)` is x unless y is less, so that NaN stays, and costs a third of `min`. */
const held = (limit: number, of: Vector): Vector =>
  W.op('f32x4.pmax', W.op('f32x4.pmin', of, W.four(limit)), W.four(-limit))

type Keep = (value: Vector) => Vector

const rational =
  ({ limit, over, under }: Rational) =>
  (of: Vector, keep: Keep): Vector => {
    const x = keep(held(limit, of))
    const t = keep(multiply(x, x))
    return W.op('f32x4.div', multiply(x, horner(over, t)), horner(under, t))
  }

/** A number whose units are those of its last bit: what is added to it is rounded to a whole number, found in its low bits. */
const unitsAtZero = 1.5 * 2 ** 23
/** The bits of 1. */
const one = 0x3f800000

/** `exp(m ln 2 + r) = 2^m (1 + r + r^2 P(r))`; the power of two is put together from its bits. */
const exponential = (of: Vector, keep: Keep): Vector => {
  const [high, low] = exp.ln2
  const x = keep(held(exp.limit, of))
  const shifted = keep(add(multiply(x, W.four(exp.inverseLn2)), W.four(unitsAtZero)))
  const m = keep(subtract(shifted, W.four(unitsAtZero)))
  const r = keep(subtract(subtract(x, multiply(m, W.four(high))), multiply(m, W.four(low))))
  const power = W.op('i32x4.add', W.op('i32x4.shl', shifted, W.int(23)), W.ints(one, one, one, one))
  const near = add(W.four(1), add(r, multiply(multiply(r, r), horner(exp.tail, r))))
  return multiply(power, near)
}

const functions: Readonly<Record<Special, (of: Vector, keep: Keep) => Vector>> = {
  exp: exponential,
  erf: rational(erf),
  tanh: rational(tanh)
}

/** The function of every lane, or of the one number. */
export const special = (s: Scope, what: Special, of: W.Value): W.Value => {
  const keep: Keep = (value) => {
    const own = W.local(s.kernel.fresh(), 'v128')
    s.out.push(W.set(own, value))
    return W.get(own)
  }
  if (s.lanes !== null) return functions[what](of as Vector, keep)
  return W.lane('f32x4.extract_lane', 0, functions[what](W.op('f32x4.splat', of as W.Value<'f32'>), keep))
}
