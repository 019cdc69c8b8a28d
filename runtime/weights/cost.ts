/**
 * What a frozen network costs by its tokens and lazily, and the cheapest way to run it. See Note [Operations as costs].
 */
import * as L from '../../spec/layer'
import type { Model } from '../../spec/model'
import type { Specialised } from './specialised'

// --- model -----------------------------------------------------------------------------------------------------------

/** `batch` matrices of n unknowns with `rhs` right-hand sides each. */
export interface Work {
  readonly n: number
  readonly batch: number
  readonly rhs: number
}

/** `literal`: its tokens; `lazy`: a product with a vector at a time; `strided`: some of those traded for products of matrices. */
export type Way = 'literal' | 'lazy' | 'strided'

export interface Cost {
  readonly way: Way
  /** The stride of the recurrence; one where it is not strided. */
  readonly stride: number
  /** Products of a matrix and a vector, for one right-hand side. */
  readonly products: number
  /** Products of matrices, for one matrix. */
  readonly matrixProducts: number
  /** Floating-point operations of all the work. */
  readonly flops: number
  /** The same, those in products of matrices counted twice: what ways are compared by. */
  readonly price: number
}

/** What a caller insists on; `lazy` leaves the stride to the costs. */
export type Force = 'literal' | 'lazy' | null

export interface Decision {
  readonly cost: Cost
  /** All ways, the cheapest first. */
  readonly costs: readonly Cost[]
  /** Why this way, as a sentence. */
  readonly because: string
}

// --- costs of one way ------------------------------------------------------------------------------------------------

/** One product of two matrices of n unknowns. */
export const ofMatrices = (n: number): number => 2 * n ** 3

/** What one product of matrices counts for where ways are compared. */
export const priceOfMatrices = (n: number): number => 2 * ofMatrices(n)

/**
 * A polynomial of degree d in strides of k: `k - 1 + floor(d / k)` products with a vector and `log2 k` of matrices, or d and
 * none where `k = 1`; the operations are those of its rules, so that nothing needs compiling to be counted.
 */
export const polynomialCost = (degree: number, stride: number, { n, batch, rhs }: Work): Cost => {
  const vectors = batch * rhs * n
  if (stride === 1) {
    const flops = vectors * Math.max(1, degree * (2 * n + 6))
    return { way: 'lazy', stride, products: degree, matrixProducts: 0, flops, price: flops }
  }
  const steps = Math.floor(degree / stride)
  const squares = Math.log2(stride)
  const combined = 3 * stride - 2 // w_a = g_a[0] b + sum_q 2 g_a[q] T_q b
  const powers = batch * n * n * (2 + squares * (2 * n + 2))
  const vectorsOf = 2 * n + (stride - 2) * (2 * n + 2)
  const recurrence = (steps + 1) * combined - (stride - 1) + steps * (2 * n + 2) - 1 + Math.max(0, steps - 1)
  const flops = powers + vectors * (vectorsOf + recurrence) + steps * stride
  return {
    way: 'strided',
    stride,
    products: stride - 1 + steps,
    matrixProducts: squares,
    flops,
    price: flops + squares * batch * ofMatrices(n)
  }
}

// --- choosing --------------------------------------------------------------------------------------------------------

const strides = [2, 4, 8, 16, 32, 64]

/** The same costs, the cheapest first. */
export const cheapest = (costs: readonly Cost[]): readonly Cost[] => [...costs].sort((p, q) => p.price - q.price)

/** The ways to run a polynomial: a product with a vector at a time, and the cheapest of its strides. */
export const costsOfPolynomial = (degree: number, work: Work): readonly Cost[] => {
  const strided = strides.filter((k) => k <= degree).map((k) => polynomialCost(degree, k, work))
  return cheapest([polynomialCost(degree, 1, work), ...cheapest(strided).slice(0, 1)])
}

const short = (value: number): string => (value < 1e4 ? String(value) : value.toExponential(1))

const sayWay = ({ way, stride, products, matrixProducts }: Cost): string => {
  switch (way) {
    case 'literal':
      return 'its tokens'
    case 'lazy':
      return `${products} products of a matrix and a vector`
    case 'strided':
      return `strides of ${stride}: ${products} products of a matrix and a vector and ${matrixProducts} of matrices`
  }
}

const say = (cost: Cost): string => `${sayWay(cost)}, ${short(cost.flops)} operations`

/** A way that is not this much cheaper than a product with a vector at a time does not replace it. */
const clearly = 1.5

/**
 * The cheapest way that the caller allows, and why: a product with a vector at a time unless another way is clearly
 * cheaper. There is at least one way.
 */
export const decide = (costs: readonly Cost[], force: Force): Decision => {
  const allowed = costs.filter(({ way }) => force === null || (way === 'literal') === (force === 'literal'))
  const ways = allowed.length > 0 ? allowed : costs
  const [cheap] = ways
  if (cheap === undefined) throw new Error('internal: a network that runs in no way')
  const cost = ways.find(({ way, price }) => way === 'lazy' && price <= clearly * cheap.price) ?? cheap
  const other = costs.find((c) => c !== cost && (force === null || !ways.includes(c)))
  const beside = other === undefined ? '' : `, against ${say(other)}`
  const because = `${say(cost)}${beside}${force === null || allowed.length === 0 ? '' : `; ${force} was asked for`}`
  return { cost, costs, because }
}

/** Products of two matrices that a cheap form makes. */
export const matrixProducts = ({ body }: Model): number => (body._tag === 'chebyshev' ? Math.log2(body.stride) : 0)

/** The same polynomial in strides: the model alone changes, its coefficients do not. */
export const inStrides = (special: Specialised, stride: number): Specialised => {
  const { model } = special
  if (stride === 1 || model.body._tag !== 'chebyshev') return special
  const products = stride - 1 + Math.floor(special.products / stride)
  return { ...special, model: { ...model, body: L.chebyshev({ ...model.body, stride }) }, products }
}

// Note [Operations as costs]
// A way costs its floating-point operations and nothing else. Timed in float64, in plain JavaScript and in WebAssembly on one
// core, with 1 to 1000 systems of n = 9 to 256: products of a matrix and a vector run at 0.7 to 1.8 operations a nanosecond,
// those of matrices at 0.5 to 0.9, hence the factor of two. Such a model does not tell apart what differs by less than
// `clearly`. Launches are not counted: there are 20 to 30 whichever way, up to some 80 for the polynomial of a deep network,
// and they decide only where a launch costs as much as thousands of operations.
