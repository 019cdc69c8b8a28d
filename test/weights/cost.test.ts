import test from 'tape'

import { plan } from '../../codegen/compile'
import { countEquations, countPlan } from '../../codegen/count'
import { gpujs } from '../../codegen/targets/gpujs'
import { javascript } from '../../codegen/targets/javascript'
import { closedForm } from '../../runtime/weights/closed-form'
import { type Cost, decide, inStrides, polynomialCost, type Work } from '../../runtime/weights/cost'
import { costsOf, counted } from '../../runtime/weights/counted'
import { specialise } from '../../runtime/weights/specialise'
import { type M, Zoo } from '../../spec'
import { right, typed } from '../support/right'

const polynomial = (degree: number, stride: number) => typed(Zoo.polynomial({ degree, low: 0.1, high: 1.9, stride }))

const strides = [
  [1, 1],
  [2, 1],
  [24, 1],
  [2, 2],
  [5, 4],
  [24, 2],
  [24, 4],
  [25, 8],
  [77, 16]
] as const

test('the products of a polynomial are those that its programs launch', (t) => {
  for (const [degree, stride] of strides) {
    for (const target of [javascript, gpujs]) {
      for (const batch of [1, 3]) {
        const made = right(plan(target, { _tag: 'forward' }, polynomial(degree, stride), { n: 9, batch }))
        const { products, matrixProducts } = countPlan(made)
        const cost = polynomialCost(degree, stride, { n: 9, batch, rhs: 1 })
        const what = `degree ${degree} by ${stride}, ${target.name}, batch ${batch}`
        t.deepEqual([products, matrixProducts], [cost.products, cost.matrixProducts], `${what}: ${products}`)
      }
    }
  }
  t.end()
})

test('the operations of a polynomial are those of its equations', (t) => {
  for (const [degree, stride] of strides) {
    for (const work of [
      { n: 2, batch: 1, rhs: 1 },
      { n: 9, batch: 4, rhs: 1 },
      { n: 30, batch: 2, rhs: 7 }
    ]) {
      const { flops } = polynomialCost(degree, stride, work)
      t.equal(counted(polynomial(degree, stride), work).flops, flops, `degree ${degree} by ${stride}: ${flops}`)
    }
  }
  t.end()
})

test('counting tells products of matrices and vectors apart', (t) => {
  const sizes = { n: 8, batch: 1 }
  const count = (model: M.Model) => countPlan(right(plan(javascript, { _tag: 'forward' }, typed(model), sizes)))
  const [one, two, three] = [1, 2, 3].map((layers) => count(Zoo.blockLinear({ layers })).matrixProducts)
  t.ok(one === 0 && two! > 0 && three === 2 * two!, `tokens: ${two} products of matrices in each layer but the last`)
  const heads = count(Zoo.blockLinear({ layers: 2, heads: 2 })).matrixProducts
  t.ok(heads > two!, `two heads make more of them: ${heads}`)
  t.equal(countEquations(sizes)({ name: '', tensors: {}, equations: [], outputs: [], updates: [] }).flops, 0, 'nothing')
  t.end()
})

const source = right(closedForm({ layers: 3, kappa: 5 }))
const special = right(specialise({ ...source, low: 0, high: 5 / 3 }))
const literal = typed(source.model)
const costs = (work: Partial<Work>): readonly Cost[] => costsOf(literal, special, { n: 32, batch: 1, rhs: 1, ...work })
const flopsOf = (all: readonly Cost[], way: Cost['way']): number => all.find((c) => c.way === way)!.flops

test('every way costs more on more work', (t) => {
  for (const way of ['literal', 'lazy', 'strided'] as const) {
    const by = (works: readonly Partial<Work>[]): boolean =>
      works.every((work, k) => k === 0 || flopsOf(costs(work), way) > flopsOf(costs(works[k - 1]!), way))
    t.ok(by([2, 4, 9, 32, 100].map((n) => ({ n }))), `${way}: with n`)
    t.ok(by([1, 2, 10, 1000].map((batch) => ({ batch }))), `${way}: with the batch`)
    t.ok(by([1, 2, 10, 1000].map((rhs) => ({ rhs }))), `${way}: with right-hand sides`)
    t.equal(
      flopsOf(costs({ batch: 7 }), way) > 6.9 * flopsOf(costs({}), way),
      true,
      `${way}: in proportion to the batch`
    )
  }
  t.end()
})

test('the choice is the cheapest way that is clearly cheaper, and is forced by either flag', (t) => {
  const one = decide(costs({}), null)
  t.equal(one.cost.way, 'lazy', 'one right-hand side: a product with a vector at a time')
  t.equal(one.cost.products, 17, 'seventeen of them')
  const many = decide(costs({ rhs: 200 }), null)
  t.equal(many.cost.way, 'strided', many.because)
  t.ok(flopsOf(many.costs, 'strided') < flopsOf(many.costs, 'lazy'), 'which takes fewer operations')
  // Once strides pay they pay for more right-hand sides as well.
  const ways = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((rhs) => decide(costs({ rhs }), null).cost.way)
  const turn = ways.indexOf('strided')
  t.ok(turn > 0 && ways.slice(turn).every((way) => way === 'strided'), ways.join(' '))
  const deep = right(closedForm({ layers: 6, kappa: 1e4 }))
  const all = costsOf(typed(deep.model), right(specialise({ ...deep, low: 0, high: 2 })), { n: 2, batch: 1, rhs: 1 })
  t.equal(decide(all, null).cost.way, 'literal', decide(all, null).because)

  for (const work of [{}, { rhs: 200 }, { n: 1 }]) {
    const forced = decide(costs(work), 'literal')
    t.equal(forced.cost.way, 'literal', forced.because)
    t.match(forced.because, /literal was asked for$/, 'and says so')
    const lazy = decide(costs(work), 'lazy')
    t.ok(lazy.cost.way !== 'literal', lazy.because)
  }
  t.equal(
    decide(costsOf(literal, null, { n: 4, batch: 1, rhs: 1 }), 'lazy').cost.way,
    'literal',
    'where there is no other'
  )
  t.end()
})

test('strides keep the coefficients', (t) => {
  const strided = inStrides(special, 4)
  t.equal(strided.weights, special.weights, 'the same numbers')
  t.equal(strided.products, 3 + 4, 'k - 1 + floor(17 / 4) products')
  t.equal(inStrides(special, 1), special, 'stride one is the polynomial itself')
  t.end()
})
