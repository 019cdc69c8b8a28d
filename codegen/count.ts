/**
 * Counting what equations do, from what they are: products of a matrix and a vector, products of matrices, floating-point
 * operations.
 */
import * as Dim from '../spec/dim'
import type { Equations } from './equation'
import * as X from './expr'
import type { Plan } from './plan'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Counted {
  /** Kernels launched, one an equation. */
  readonly launches: number
  /** Products of an n x n matrix of each system with a vector, or with one vector for each of its right-hand sides. */
  readonly products: number
  /** Products of two n x n matrices of each system. */
  readonly matrixProducts: number
  /** Additions, multiplications, divisions, roots, maxima and values of functions, of all systems; of two branches, the dearer one; a sign is free. */
  readonly flops: number
}

// --- products --------------------------------------------------------------------------------------------------------

/** Sizes that grow with n: `n`, `n + 1`, `4n`. */
const grows = (dim: Dim.Dim): boolean => dim.terms.some((term) => term.symbols.includes('n'))

const longIndices = (read: Extract<X.Expr, { _tag: 'read' }>): readonly string[] =>
  read.at.flatMap((p) => (p._tag === 'index' && grows(p.dim) ? [p.name] : []))

/**
 * What a sum is: along one long index, an array with another long index times an array without it is a matrix times a
 * vector; times an array with a third one, a product of matrices. A sum of squares or a row sum is neither.
 */
const kindOf = (sum: X.Reduction): 'vector' | 'matrix' | null => {
  const along = sum.over.find((i) => grows(i.dim))
  if (along === undefined) return null
  const others = X.reads(sum.body)
    .map(longIndices)
    .filter((indices) => indices.includes(along.name))
    .map((indices) => indices.filter((name) => name !== along.name))
  if (others.length < 2) return null
  const free = new Set(others.flat())
  return free.size === 0 ? null : free.size === 1 ? 'vector' : 'matrix'
}

/** How often an equation forms such a product: once for every head and block that it runs over. */
const copies = (over: readonly X.Index[], sum: X.Reduction): number =>
  [...over, ...sum.over].reduce((times, { dim }) => times * (Dim.asConstant(dim) ?? 1), 1)

// --- operations ------------------------------------------------------------------------------------------------------

const valueOf = (dim: Dim.Dim, sizes: Dim.Sizes): number => {
  const value = Dim.evaluate(sizes)(dim)
  if (value._tag === 'Left') throw new Error(`internal: the size ${value.left} has no value`)
  return value.right
}

const sizeOf = (over: readonly X.Index[], sizes: Dim.Sizes): number =>
  over.reduce((total, i) => total * valueOf(i.dim, sizes), 1)

/** The operations of one element. */
const operations = (e: X.Expr, sizes: Dim.Sizes): number => {
  const inner = X.parts(e).map((part) => operations(part, sizes))
  const all = inner.reduce((total, each) => total + each, 0)
  switch (e._tag) {
    case 'number':
    case 'extent':
    case 'read':
      return 0
    case 'sum':
    case 'max':
      return sizeOf(e.over, sizes) * (all + 1)
    case 'add':
      return all + inner.length - 1
    case 'multiply':
      return all + e.factors.filter((f) => !(f._tag === 'number' && Math.abs(f.value) === 1)).length - 1
    case 'divide':
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
    case 'largest':
      return all + 1
    case 'where':
      return Math.max(...inner)
  }
}

// --- counts ----------------------------------------------------------------------------------------------------------

interface Defined {
  readonly over: readonly X.Index[]
  readonly value: X.Expr
}

const countOne =
  (sizes: Dim.Sizes) =>
  ({ over, value }: Defined): Counted => {
    const sums = X.sums(value)
    const of = (kind: 'vector' | 'matrix'): number =>
      sums.reduce((total, sum) => total + (kindOf(sum) === kind ? copies(over, sum) : 0), 0)
    return {
      launches: 1,
      products: of('vector'),
      matrixProducts: of('matrix'),
      flops: sizeOf(over, sizes) * operations(value, sizes)
    }
  }

const nothing: Counted = { launches: 0, products: 0, matrixProducts: 0, flops: 0 }

const plus = (p: Counted, q: Counted): Counted => ({
  launches: p.launches + q.launches,
  products: p.products + q.products,
  matrixProducts: p.matrixProducts + q.matrixProducts,
  flops: p.flops + q.flops
})

/** What a plan launches. */
export const countPlan = (plan: Plan): Counted => {
  const kernels = plan.kernels.map(countOne(plan.sizes))
  return plan.launches.reduce((sum, { kernel }) => plus(sum, kernels[kernel] as Counted), nothing)
}

/** What equations ask for at given sizes, before a target splits any. */
export const countEquations =
  (sizes: Dim.Sizes) =>
  (e: Equations): Counted =>
    e.equations.map(countOne(sizes)).reduce(plus, nothing)
