/** Expressions as nodes: one array for all places of the indices that an expression depends on. */
import * as X from '../../expr'
import { valueOf } from '../../schedules/affine'
import {
  type Axis,
  dims,
  elementwise,
  expand,
  type Labelled,
  mask,
  namesOf,
  node,
  number,
  reduce,
  united
} from './builder'
import { contract } from './contract'
import { read } from './read'
import { axisOf, binding, condition, countOf, type Range, rangeOf, type Scope, within } from './scope'

type Of<Tag extends X.Expr['_tag']> = Extract<X.Expr, { readonly _tag: Tag }>

// --- sums ------------------------------------------------------------------------------------------------------------

const bound = (scope: Scope, e: X.Reduction): Scope =>
  binding(
    scope,
    e.over.map((i) => ({ name: i.name, size: valueOf(scope.sizes)(i.dim) }))
  )

const factorsOf = (e: X.Expr): readonly X.Expr[] => (e._tag === 'multiply' ? e.factors.flatMap(factorsOf) : [e])

/** Factors that the sum does not run over are multiplied with it once it is there. */
const sum = (scope: Scope, e: Of<'sum'>): Labelled => {
  const { b } = scope
  const inner = bound(scope, e)
  const over = e.over.map((i) => ({ name: i.name, count: countOf(inner, i.name) }))
  const factors = factorsOf(e.body).map((f) => express(inner, f))
  const runs = (x: Labelled): boolean => over.some((i) => namesOf(x).includes(i.name))
  const total = contract(b, factors.filter(runs), over, inner.order)
  return factors.filter((x) => !runs(x)).reduce((x, f) => elementwise(b, 'Mul', [f, x], scope.order), total)
}

const max = (scope: Scope, e: Of<'max'>): Labelled => {
  const inner = bound(scope, e)
  const body = express(inner, e.body)
  const over = e.over.map((i) => i.name)
  return reduce(
    scope.b,
    'ReduceMax',
    body,
    namesOf(body).filter((name) => over.includes(name))
  )
}

// --- terms -----------------------------------------------------------------------------------------------------------

/** A term led by a number below zero, without its sign. */
const negated = (e: X.Expr): X.Expr | null => {
  if (e._tag === 'number') return e.value < 0 ? X.number(-e.value) : null
  if (e._tag !== 'multiply') return null
  const [first, ...rest] = e.factors
  if (first?._tag !== 'number' || first.value >= 0) return null
  return X.multiply(...(first.value === -1 ? rest : [X.number(-first.value), ...rest]))
}

const add = (scope: Scope, e: Of<'add'>): Labelled => {
  const [first, ...rest] = e.terms
  return rest.reduce(
    (total, term) => {
      const positive = negated(term)
      const value = express(scope, positive ?? term)
      return elementwise(scope.b, positive === null ? 'Add' : 'Sub', [total, value], scope.order)
    },
    express(scope, first as X.Expr)
  )
}

const multiply = (scope: Scope, e: Of<'multiply'>): Labelled => {
  const [first, ...rest] = e.factors
  if (first?._tag === 'number' && first.value === -1 && rest.length > 0) {
    return elementwise(scope.b, 'Neg', [express(scope, X.multiply(...rest))], scope.order)
  }
  return contract(
    scope.b,
    e.factors.map((f) => express(scope, f)),
    [],
    scope.order
  )
}

// --- conditions ------------------------------------------------------------------------------------------------------

interface Run extends Range {
  readonly count: number
  readonly holds: boolean
}

/** Neighbouring places at which a condition says the same. */
const runsOf = (from: number, holds: readonly boolean[]): readonly Run[] => {
  const starts = holds.flatMap((now, k) => (k === 0 || now !== holds[k - 1] ? [k] : []))
  return starts.map((start, k) => ({
    from: from + start,
    count: (starts[k + 1] ?? holds.length) - start,
    holds: holds[start] as boolean
  }))
}

const mostRuns = 3

/** Stretches along one index, each by itself and then one behind the other: nothing is computed to be thrown away. */
const concatenated = (scope: Scope, name: string, runs: readonly Run[], e: Of<'where'>): Labelled | null => {
  const { b, order } = scope
  const parts = runs.map((run) => express(within(scope, name, run), run.holds ? e.yes : e.no))
  if (!parts.every((x) => namesOf(x).includes(name))) return null
  const axes = united(parts, order)
  const systems = axes.filter((a) => typeof a.size === 'string')
  if (!parts.every((x) => systems.every((a) => namesOf(x).includes(a.name)))) return null
  const at = axes.findIndex((a) => a.name === name)
  const sized = (size: number): readonly Axis[] => axes.map((a) => (a.name === name ? { name, size } : a))
  const values = parts.map((x, k) => expand(b, x, sized((runs[k] as Run).count)).value)
  const made = sized(countOf(scope, name))
  return { value: node(b, 'Concat', values, dims(made), { axis: at }), axes: made }
}

const where = (scope: Scope, e: Of<'where'>): Labelled => {
  const { b, order } = scope
  const { names, holds } = condition(scope, e.when)
  if (holds.every((h) => h === holds[0])) return express(scope, holds[0] === true ? e.yes : e.no)
  const [name] = names
  if (name !== undefined && names.length === 1) {
    const runs = runsOf(rangeOf(scope, name).from, holds)
    const made = runs.length > mostRuns ? null : concatenated(scope, name, runs, e)
    if (made !== null) return made
  }
  const own = mask(
    b,
    names.map((one) => axisOf(scope, one)),
    holds
  )
  const guarded = { ...scope, guarded: true }
  return elementwise(b, 'Where', [own, express(guarded, e.yes), express(guarded, e.no)], order)
}

// --- all -------------------------------------------------------------------------------------------------------------

const functions: Readonly<Record<X.Special | 'sqrt', string>> = { exp: 'Exp', erf: 'Erf', tanh: 'Tanh', sqrt: 'Sqrt' }

/** The array of an expression. */
export const express = (scope: Scope, e: X.Expr): Labelled => {
  const { b, order } = scope
  switch (e._tag) {
    case 'number':
      return number(b, e.value)
    case 'extent':
      return number(b, valueOf(scope.sizes)(e.dim))
    case 'read':
      return read(scope, e)
    case 'sum':
      return sum(scope, e)
    case 'max':
      return max(scope, e)
    case 'add':
      return add(scope, e)
    case 'multiply':
      return multiply(scope, e)
    case 'divide':
      return elementwise(b, 'Div', [express(scope, e.over), express(scope, e.by)], order)
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
      return elementwise(b, functions[e._tag], [express(scope, e.of)], order)
    case 'largest':
      return elementwise(
        b,
        'Max',
        e.of.map((one) => express(scope, one)),
        order
      )
    case 'where':
      return where(scope, e)
  }
}
