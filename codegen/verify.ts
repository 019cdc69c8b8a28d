/**
 * Verification: what must be true of equations after every phase. The first thing that is not names the phase, the
 * equation and the fault.
 */
import * as E from 'fp-ts/Either'

import * as Dim from '../spec/dim'
import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'

export interface Fault {
  readonly _tag: 'Fault'
  readonly phase: string
  readonly equation: string
  readonly reason: string
}

export const show = (f: Fault): string => `after ${f.phase}, equation ${f.equation}: ${f.reason}`

const isPacked = (p: X.Position): boolean => {
  switch (p._tag) {
    case 'index':
    case 'size':
      return false
    case 'plus':
      return isPacked(p.left) || isPacked(p.right)
    case 'times':
    case 'quotient':
    case 'remainder':
      return true
  }
}

type Bound = ReadonlyMap<string, X.Index>

/** The fault of a position's indices where those of `bound` are. */
const unboundIn = (p: X.Position, bound: Bound): string | undefined => {
  switch (p._tag) {
    case 'index': {
      const known = bound.get(p.name)
      if (known === undefined) return `index ${p.name} is not bound`
      return Dim.equals(known.dim, p.dim)
        ? undefined
        : `index ${p.name} has size ${Dim.show(p.dim)} and ${Dim.show(known.dim)}`
    }
    case 'size':
      return undefined
    case 'plus':
      return unboundIn(p.left, bound) ?? unboundIn(p.right, bound)
    case 'times':
    case 'quotient':
    case 'remainder':
      return unboundIn(p.of, bound)
  }
}

/** The fault of an expression, with the indices that are bound where it stands. `guarded` positions may overrun. */
const faultOf = (
  e: Equations,
  expr: X.Expr,
  bound: Bound,
  state: { readonly summed: boolean; readonly guarded: boolean }
): string | undefined => {
  switch (expr._tag) {
    case 'read': {
      const tensor = e.tensors[expr.tensor]
      if (tensor === undefined) return `${expr.tensor} is not declared`
      if (tensor.dims.length !== expr.at.length) {
        return `${expr.tensor} has ${tensor.dims.length} axes and is read with ${expr.at.length} positions`
      }
      // Positions 0 .. dim-1 of an index lie inside an axis, or one position does, at all sizes of at least one.
      for (const [axis, p] of expr.at.entries()) {
        const unbound = unboundIn(p, bound)
        if (unbound !== undefined) return unbound
        const size = tensor.dims[axis] as Dim.Dim
        if (state.summed && isPacked(p)) return `${expr.tensor} is read through a packed axis inside a sum or maximum`
        if (p._tag === 'index' && !state.guarded && !Dim.isWithin(p.dim, size)) {
          return `${expr.tensor}, axis ${axis} of size ${Dim.show(size)}, is read by ${p.name} of size ${Dim.show(p.dim)}`
        }
        if (p._tag === 'size' && !Dim.isWithin(p.dim, size, 1)) {
          return `${expr.tensor}, axis ${axis} of size ${Dim.show(size)}, is read at ${Dim.show(p.dim)}`
        }
      }
      return undefined
    }
    case 'sum':
    case 'max': {
      if (expr._tag === 'max' && expr.over.some((i) => Dim.asConstant(i.dim) === 0)) {
        return 'a maximum runs over no place'
      }
      const inner = new Map(bound)
      for (const i of expr.over) {
        if (inner.has(i.name)) return `index ${i.name} is bound twice`
        inner.set(i.name, i)
      }
      return faultOf(e, expr.body, inner, { ...state, summed: true })
    }
    case 'number':
      return Number.isFinite(expr.value) ? undefined : `a number is ${expr.value}`
    case 'where':
      return (
        unboundIn(expr.when.left, bound) ??
        unboundIn(expr.when.right, bound) ??
        faultOf(e, expr.yes, bound, { ...state, guarded: true }) ??
        faultOf(e, expr.no, bound, { ...state, guarded: true })
      )
    case 'extent':
    case 'add':
    case 'multiply':
    case 'divide':
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
    case 'largest':
      for (const part of X.parts(expr)) {
        const fault = faultOf(e, part, bound, state)
        if (fault !== undefined) return fault
      }
      return undefined
  }
}

/** The fault of one equation among tensors, apart from the order of equations. */
const faultWithin = (e: Equations, eq: Equation): string | undefined => {
  const tensor = e.tensors[eq.defines]
  if (tensor === undefined) return 'it defines a tensor that is not declared'
  if (tensor.role !== 'value') return `it defines ${eq.defines}, which is an input`
  if (tensor.dims.length !== eq.over.length || eq.over.some((i, a) => !Dim.equals(i.dim, tensor.dims[a] as Dim.Dim))) {
    return `its axes [${eq.over.map((i) => Dim.show(i.dim)).join(', ')}] are not its tensor's [${tensor.dims.map(Dim.show).join(', ')}]`
  }
  if (new Set(eq.over.map((i) => i.name)).size !== eq.over.length) return 'two of its axes share an index'
  return faultOf(e, eq.value, new Map(eq.over.map((i) => [i.name, i])), { summed: false, guarded: false })
}

/** Equations that were found sound, with the tensors they were sound among: all of them, and those they speak of. */
type Sound = WeakMap<Equation, { readonly all: Equations['tensors']; readonly own: readonly (Tensor | undefined)[] }>

const faultOfEquation = (
  e: Equations,
  eq: Equation,
  defined: ReadonlySet<string>,
  sound: Sound
): string | undefined => {
  if (defined.has(eq.defines)) return 'it is defined twice'
  const names = X.tensors(eq.value)
  for (const name of names) {
    if (!defined.has(name) && e.tensors[name]?.role === 'value') return `it reads ${name}, which is not yet defined`
  }
  const before = sound.get(eq)
  if (before?.all === e.tensors) return undefined
  const own = [eq.defines, ...names].map((name) => e.tensors[name])
  const fault = own.every((tensor, k) => tensor === before?.own[k]) ? undefined : faultWithin(e, eq)
  if (fault === undefined) sound.set(eq, { all: e.tensors, own })
  return fault
}

/**
 * Every value defined once and before its use, every read within its axes, every index bound, every output there. One
 * verifier looks once at what phases leave as it was.
 */
export const verifier = () => {
  const sound: Sound = new WeakMap()
  return (phase: string) =>
    (e: Equations): E.Either<Fault, Equations> => {
      const defined = new Set<string>()
      for (const eq of e.equations) {
        const reason = faultOfEquation(e, eq, defined, sound)
        if (reason !== undefined) return E.left({ _tag: 'Fault', phase, equation: eq.defines, reason })
        defined.add(eq.defines)
      }
      for (const name of [...e.outputs, ...e.updates.map((u) => u.output)]) {
        const role = e.tensors[name]?.role
        if (!defined.has(name) && (role === undefined || role === 'value')) {
          return E.left({ _tag: 'Fault', phase, equation: name, reason: 'it is an output, and nothing defines it' })
        }
      }
      return E.right(e)
    }
}

export const verify = (phase: string): ((e: Equations) => E.Either<Fault, Equations>) => verifier()(phase)
