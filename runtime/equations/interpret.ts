/**
 * The equation interpreter: plain loops over lowered equations, one element after another, as their formulas read.
 *
 * It judges lowering and optimisation (against the layer interpreter) and every backend (which runs the same equations).
 */
import * as E from 'fp-ts/Either'

import type { Equation, Equations } from '../../codegen/equation'
import type * as X from '../../codegen/expr'
import * as Dim from '../../spec/dim'
import { special } from '../special/functions'

// --- model -----------------------------------------------------------------------------------------------------------

export type Arrays = Readonly<Record<string, Float64Array>>

/**
 * How numbers are treated: float64; float32, rounding after every operation; or `absolute`, float64 on the absolute
 * values of all inputs and constants, whose result bounds how much rounding errors can grow.
 */
export type Arithmetic = 'float64' | 'float32' | 'absolute'

/** The relative errors that a target states for its functions. */
export type Stated = Readonly<Record<X.Special, number>>

const exact: Stated = { exp: 0, erf: 0, tanh: 0 }

type Environment = Int32Array
type Value = (at: Environment) => number

interface Scope {
  readonly sizes: Dim.Sizes
  readonly arithmetic: Arithmetic
  readonly stated: Stated
  readonly slots: ReadonlyMap<string, number>
  readonly arrays: Readonly<Record<string, Float64Array>>
  readonly e: Equations
}

// --- sizes -----------------------------------------------------------------------------------------------------------

export const sizeOf = (d: Dim.Dim, sizes: Dim.Sizes): number => {
  const value = Dim.evaluate(sizes)(d)
  if (E.isLeft(value)) throw new Error(`internal: the size ${value.left} has no value`)
  return value.right
}

export const lengthOf = (dims: readonly Dim.Dim[], sizes: Dim.Sizes): number =>
  dims.reduce((total, d) => total * sizeOf(d, sizes), 1)

// --- positions and expressions ---------------------------------------------------------------------------------------

const positionOf = (p: X.Position, scope: Scope): Value => {
  switch (p._tag) {
    case 'index': {
      const slot = scope.slots.get(p.name)
      if (slot === undefined) throw new Error(`internal: index ${p.name} is not bound`)
      return (at) => at[slot] as number
    }
    case 'size': {
      const value = sizeOf(p.dim, scope.sizes)
      return () => value
    }
    case 'plus': {
      const [left, right] = [positionOf(p.left, scope), positionOf(p.right, scope)]
      return (at) => left(at) + right(at)
    }
    case 'times': {
      const [of, by] = [positionOf(p.of, scope), sizeOf(p.by, scope.sizes)]
      return (at) => of(at) * by
    }
    case 'quotient': {
      const [of, by] = [positionOf(p.of, scope), sizeOf(p.by, scope.sizes)]
      return (at) => Math.floor(of(at) / by)
    }
    case 'remainder': {
      const [of, by] = [positionOf(p.of, scope), sizeOf(p.by, scope.sizes)]
      return (at) => of(at) % by
    }
  }
}

const roundings: Readonly<Record<Arithmetic, (x: number) => number>> = {
  float64: (x) => x,
  float32: Math.fround,
  absolute: (x) => x
}

const compile = (e: X.Expr, scope: Scope): Value => {
  const round = roundings[scope.arithmetic]
  const sign = scope.arithmetic === 'absolute' ? Math.abs : (x: number): number => x
  switch (e._tag) {
    case 'number': {
      const value = sign(round(e.value))
      return () => value
    }
    case 'extent': {
      const value = sizeOf(e.dim, scope.sizes)
      return () => value
    }
    case 'read': {
      const { arrays } = scope
      const tensor = scope.e.tensors[e.tensor]
      if (tensor === undefined) throw new Error(`internal: ${e.tensor} is not declared`)
      const sizes = tensor.dims.map((d) => sizeOf(d, scope.sizes))
      const at = e.at.map((p) => positionOf(p, scope))
      return (env) => {
        let offset = 0
        for (let axis = 0; axis < at.length; axis++) {
          const p = (at[axis] as Value)(env)
          const size = sizes[axis] as number
          if (p < 0 || p >= size) throw new Error(`internal: ${e.tensor} is read at ${p} on an axis of size ${size}`)
          offset = offset * size + p
        }
        return sign(arrays[e.tensor]?.[offset] as number)
      }
    }
    case 'sum':
    case 'max': {
      const body = compile(e.body, scope)
      const [from, take] =
        e._tag === 'sum'
          ? [0, (before: number, each: number) => round(before + each)]
          : [Number.NEGATIVE_INFINITY, (before: number, each: number) => Math.max(before, each)]
      const loops = e.over.map((i) => [scope.slots.get(i.name) as number, sizeOf(i.dim, scope.sizes)] as const)
      const run = (depth: number, env: Environment, before: number): number => {
        if (depth === loops.length) return take(before, body(env))
        const [slot, size] = loops[depth] as readonly [number, number]
        let total = before
        for (let k = 0; k < size; k++) {
          env[slot] = k
          total = run(depth + 1, env, total)
        }
        return total
      }
      return (env) => run(0, env, from)
    }
    case 'add': {
      const terms = e.terms.map((t) => compile(t, scope))
      return (env) => terms.reduce((total, t, k) => (k === 0 ? t(env) : round(total + t(env))), 0)
    }
    case 'multiply': {
      const factors = e.factors.map((f) => compile(f, scope))
      return (env) => factors.reduce((total, f, k) => (k === 0 ? f(env) : round(total * f(env))), 1)
    }
    case 'divide': {
      const over = compile(e.over, scope)
      // Rounding errors grow by the true divisor, however much cancelled in it.
      if (scope.arithmetic === 'absolute') {
        const by = compile(e.by, { ...scope, arithmetic: 'float64' })
        return (env) => over(env) / Math.abs(by(env))
      }
      const by = compile(e.by, scope)
      return (env) => round(over(env) / by(env))
    }
    case 'sqrt': {
      const of = compile(e.of, scope)
      return (env) => round(Math.sqrt(of(env)))
    }
    case 'exp':
    case 'erf':
    case 'tanh': {
      const { at, slope } = special[e._tag]
      const of = compile(e.of, scope)
      // An error of the argument counts by the slope at its true value; the function's own is relative to its value.
      if (scope.arithmetic === 'absolute') {
        // Bounds multiply what this gives by eight units of 2^-24 and more.
        const own = 1 + scope.stated[e._tag] / (8 * 2 ** -24)
        const truth = compile(e.of, { ...scope, arithmetic: 'float64' })
        return (env) => {
          const x = truth(env)
          return Math.abs(at(x)) * own + slope(x) * of(env)
        }
      }
      return (env) => round(at(of(env)))
    }
    case 'largest': {
      const [p, q] = [compile(e.of[0], scope), compile(e.of[1], scope)]
      return (env) => Math.max(p(env), q(env))
    }
    case 'where': {
      const [left, right] = [positionOf(e.when.left, scope), positionOf(e.when.right, scope)]
      const [yes, no] = [compile(e.yes, scope), compile(e.no, scope)]
      return e.when._tag === 'less'
        ? (env) => (left(env) < right(env) ? yes(env) : no(env))
        : (env) => (left(env) === right(env) ? yes(env) : no(env))
    }
  }
}

const indexNames = (e: X.Expr): readonly string[] => {
  switch (e._tag) {
    case 'sum':
    case 'max':
      return [...e.over.map((i) => i.name), ...indexNames(e.body)]
    case 'add':
      return e.terms.flatMap(indexNames)
    case 'multiply':
      return e.factors.flatMap(indexNames)
    case 'divide':
      return [...indexNames(e.over), ...indexNames(e.by)]
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
      return indexNames(e.of)
    case 'largest':
      return e.of.flatMap(indexNames)
    case 'where':
      return [...indexNames(e.yes), ...indexNames(e.no)]
    case 'number':
    case 'extent':
    case 'read':
      return []
  }
}

// --- equations -------------------------------------------------------------------------------------------------------

type Store = Record<string, Float64Array>

/** The loops of one equation over arrays that are looked up in a store at every call. */
const loopsOf = (
  e: Equations,
  eq: Equation,
  sizes: Dim.Sizes,
  store: Store,
  arithmetic: Arithmetic,
  stated: Stated = exact
) => {
  const names = [...new Set([...eq.over.map((i) => i.name), ...indexNames(eq.value)])]
  const slots = new Map(names.map((name, k) => [name, k]))
  const value = compile(eq.value, { sizes, arithmetic, stated, slots, arrays: store, e })
  const extents = eq.over.map((i) => sizeOf(i.dim, sizes))
  const length = extents.reduce((p, q) => p * q, 1)
  const env = new Int32Array(names.length)
  return (): Float64Array => {
    const out = new Float64Array(length)
    for (let flat = 0; flat < length; flat++) {
      let rest = flat
      for (let axis = extents.length - 1; axis >= 0; axis--) {
        const size = extents[axis] as number
        env[axis] = rest % size
        rest = Math.floor(rest / size)
      }
      out[flat] = value(env)
    }
    return out
  }
}

/** The value of one equation, given every array it reads. */
export const evaluate = (
  e: Equations,
  eq: Equation,
  sizes: Dim.Sizes,
  arrays: Arrays,
  arithmetic: Arithmetic = 'float64',
  stated?: Stated
): Float64Array => loopsOf(e, eq, sizes, { ...arrays }, arithmetic, stated)()

/** A program's equations at given sizes, ready to be run on inputs: gives all values, inputs included, by name. */
export const prepare = (
  e: Equations,
  sizes: Dim.Sizes,
  arithmetic: Arithmetic = 'float64'
): ((inputs: Arrays) => Arrays) => {
  const store: Store = {}
  const inputs = Object.values(e.tensors).filter((t) => t.role !== 'value')
  const loops = e.equations.map((eq) => ({ name: eq.defines, run: loopsOf(e, eq, sizes, store, arithmetic) }))
  return (given) => {
    for (const t of inputs) {
      const array = given[t.name]
      const length = lengthOf(t.dims, sizes)
      if (array === undefined || array.length !== length) {
        throw new Error(`internal: input ${t.name} needs ${length} numbers, got ${array?.length ?? 'none'}`)
      }
      store[t.name] = arithmetic === 'float32' ? Float64Array.from(array, Math.fround) : array
    }
    for (const { name, run } of loops) store[name] = run()
    return { ...store }
  }
}

/** The outputs of a program, by name. */
export const interpret = (
  e: Equations,
  sizes: Dim.Sizes,
  inputs: Arrays,
  arithmetic: Arithmetic = 'float64'
): Arrays => {
  const all = prepare(e, sizes, arithmetic)(inputs)
  return Object.fromEntries(
    [...e.outputs, ...e.updates.map((u) => u.output)].map((name) => [name, all[name] as Float64Array])
  )
}
