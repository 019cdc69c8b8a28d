import { pipe } from 'fp-ts/function'
import test from 'tape'

import { plan, toJavaScript } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import { gpujs } from '../../codegen/targets/gpujs'
import { javascript } from '../../codegen/targets/javascript'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { load64 } from '../../runtime/javascript/run'
import { relative } from '../../runtime/ladder/measure'
import { specialiseKrylov } from '../../runtime/weights/krylov'
import { krylovLines } from '../../runtime/weights/krylov-lines'
import type { Specialised } from '../../runtime/weights/specialised'
import type { Weights } from '../../runtime/weights/weights'
import { L, M, T, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { normals, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

const interval = { low: 1 / 3, high: 5 / 3 } // kappa = 5, mid scale

interface Systems {
  readonly n: number
  readonly batch: number
  readonly A: Float64Array
  readonly b: Float64Array
}

const system = (seed: number, n: number): Systems => ({ n, batch: 1, A: spd(seed, n, 5).A, b: normals(seed + 1, n) })

/** The compiled coordinates, in float64. */
const fast = ({ model, weights }: Specialised, { n, batch, A, b }: Systems): Float64Array => {
  const program = right(toJavaScript({ _tag: 'forward' }, typed(model), { n, batch }))
  return load64(program)
    .run({ ...weights, A, b })
    ['x']!.slice()
}

const paper = { allOnes: true, query: 'paper', bScale: null } as const

const step = pipe(L.linearAttention({ heads: 2, P: W.block, Q: W.lean }), L.andThen(L.scale(0.5)), L.residual)

/** Architectures that are no polynomials in A, the spread of weights with which they stay tame, and their products. */
const cases: readonly (readonly [what: string, model: M.Model, std: number, products: number])[] = [
  ['all 82 scalars, three layers', Zoo.catalogue['block-linear-3-paper']!.model(9), 0.05, 50],
  ['mu2 / n and mu / sqrt n', Zoo.catalogue['block-linear-2-over-n']!.model(9), 0.15, 14],
  ['two heads', Zoo.blockLinear({ layers: 2, heads: 2, identityBlocks: 2, ...paper }), 0.05, 14],
  ['all-ones terms, b scaled to a tiny norm', Zoo.blockLinear({ layers: 2, allOnes: true }), 0.05, 14],
  ['b as it is, no ones', Zoo.blockLinear({ layers: 3, bScale: null }), 0.15, 25],
  ['a query of ones, no other ones', Zoo.blockLinear({ layers: 2, query: 'paper' }), 0.2, 14],
  ['tied layers', Zoo.blockLinear({ layers: 2, tied: true, ...paper }), 0.1, 14],
  ['one layer', Zoo.blockLinear({ layers: 1, ...paper }), 0.1, 2],
  [
    'a map, learned steps, an answer in H1',
    M.make({
      name: 'steps',
      encoding: T.equations({ embedding: T.identity(1), query: 'paper' }),
      body: pipe(L.linearMap({ weight: W.block }), L.andThen(pipe(step, L.repeat(2)))),
      readout: M.query('H1')
    }),
    0.2,
    14
  ],
  [
    'no query, an answer in b',
    M.make({
      name: 'in-b',
      encoding: T.equations({ embedding: T.identity(1), query: 'none' }),
      body: pipe(step, L.repeat(2)),
      readout: M.perToken('b')
    }),
    0.1,
    16
  ]
]

const weightsOf = (model: M.Model, std: number): Weights => randomWeights(typed(model), 1, 91, std)

test('coordinates in the Krylov space give the answers of the tokens', (t) => {
  for (const [what, model, std] of cases) {
    const weights = weightsOf(model, std)
    const special = right(specialiseKrylov({ model, weights, ...interval }))
    t.equal(special.form, 'krylov')
    t.ok(special.deviation <= 1e-12, `${what}: deviation ${special.deviation}`)
    for (const n of [1, 2, 9, 16]) {
      const systems = system(100 + n, n)
      const literal = interpretBatch(typed(model), weights, systems)
      const error = relative(fast(special, systems), literal)
      t.ok(error <= 1e-12, `${what}, n = ${n}: ${error}`)
    }
  }
  t.end()
})

test('every weight matters: another one gives another answer', (t) => {
  const model = Zoo.blockLinear({ layers: 2, ...paper })
  const weights = weightsOf(model, 0.1)
  const systems = system(7, 6)
  const { model: made, weights: own } = right(specialiseKrylov({ model, weights, ...interval }))
  const names = Object.keys(own)
  for (const name of names) {
    const other = { ...own, [name]: own[name]!.map((v) => v + 0.25) }
    const literal = { ...weights, [name.replace('krylov.', '')]: other[name]! }
    const special = { model: made, weights: other, form: 'krylov', deviation: 0, products: 14 } as const
    const [answer, before] = [fast(special, systems), fast({ ...special, weights: own }, systems)]
    t.ok(relative(answer, interpretBatch(typed(model), literal, systems)) <= 1e-12, `${name}: the answer of its tokens`)
    const lastP = name === 'krylov.1.attention.P.row' || name === 'krylov.1.attention.P.entry'
    t.equal(
      relative(answer, before) > 1e-6,
      !lastP,
      `${name}: ${lastP ? 'only later layers would read it' : 'it counts'}`
    )
  }
  t.end()
})

test('dependent vectors do no harm: nothing is divided or orthogonalised', (t) => {
  const model = Zoo.blockLinear({ layers: 3, ...paper })
  const weights = weightsOf(model, 0.05)
  const special = right(specialiseKrylov({ model, weights, ...interval }))
  const n = 6
  const identity = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 0.7 : 0))
  const { A } = spd(3, n, 5)
  const ones = new Float64Array(n).fill(1)
  const eigenvector = spd(3, n, 5).eigenvectors.slice(0, n)
  for (const [what, A_, b] of [
    ['b is 1', A, ones],
    ['b is -3 times 1', A, ones.map((v) => -3 * v)],
    ['b is zero', A, new Float64Array(n)],
    ['A is a multiple of I', identity, normals(5, n)],
    ['both', identity, ones],
    ['b is an eigenvector', A, eigenvector]
  ] as const) {
    const systems = { n, batch: 1, A: A_, b }
    const error = relative(fast(special, systems), interpretBatch(typed(model), weights, systems))
    t.ok(error <= 1e-12, `${what}: ${error}`)
  }
  t.end()
})

test('products executed are the products printed', (t) => {
  for (const [what, model, std, products] of cases) {
    const special = right(specialiseKrylov({ model, weights: weightsOf(model, std), ...interval }))
    t.equal(special.products, products, `${what}: ${products} products`)
    for (const target of [javascript, gpujs]) {
      const made = right(plan(target, { _tag: 'forward' }, typed(special.model), { n: 9, batch: 2 }))
      const counted = countPlan(made)
      t.equal(counted.products, products, `${what}: executed by ${target.name}`)
      t.equal(counted.matrixProducts, 0, 'and none of matrices')
    }
    const line = krylovLines(special.model).find((l) => l.includes('of A and a vector'))
    t.ok(line?.startsWith(`${products} products of A and a vector`), `${what}: ${line}`)
  }
  t.end()
})

test('all-ones terms that are zero cost nothing', (t) => {
  const model = Zoo.blockLinear({ layers: 2, allOnes: true, bScale: null })
  const weights = Object.fromEntries(
    Object.entries(weightsOf(model, 0.2)).map(([name, v]) => [name, /mu2|column|row/.test(name) ? v.map(() => 0) : v])
  )
  const special = right(specialiseKrylov({ model, weights, ...interval }))
  t.equal(special.products, 7, '3^2 - 2 products: the space of b alone')
  const systems = system(9, 8)
  t.ok(relative(fast(special, systems), interpretBatch(typed(model), weights, systems)) <= 1e-12, 'the same answer')
  t.end()
})

test('what has no coordinates is refused with a reason', (t) => {
  const special = (model: M.Model, n = 1): string =>
    left(specialiseKrylov({ model, weights: randomWeights(typed(model), n, 81, 0.05), ...interval }))
  const model = Zoo.blockLinear({ layers: 2, ...paper })
  const weights = weightsOf(model, 0.1)
  const huge = Object.fromEntries(Object.entries(weights).map(([name, v]) => [name, v.map((x) => 1e80 * x)]))
  const cases: readonly [found: string, reason: string][] = [
    [special(Zoo.fullLinear({ layers: 2, embedding: T.identity(1) })), 'expected a Block weight, found full'],
    [special(Zoo.fullLinear({ layers: 2, embedding: T.learned(3, 1) })), 'found a learned embedding'],
    [special(Zoo.columnLinear({ layers: 1 })), 'found columns'],
    [special(Zoo.blockLinear({ layers: 7, ...paper })), 'expected degrees up to 728 (six layers), found 2186'],
    [special(Zoo.polarLinear({ layers: 1 })), 'readout: expected b of every token, found transposed'],
    [left(specialiseKrylov({ model, weights, low: 1, high: 1 })), 'interval: expected low < high'],
    [left(specialiseKrylov({ model, weights: {}, ...interval })), '0.attention.P.mu1: expected 4 numbers'],
    [left(specialiseKrylov({ model, weights: huge, ...interval })), 'found a relative deviation of Infinity']
  ]
  for (const [found, reason] of cases) t.ok(found.includes(reason), found)
  t.end()
})

test('the lines say what was found', (t) => {
  const model = Zoo.blockLinear({ layers: 2, identityBlocks: 3, ...paper })
  const special = right(specialiseKrylov({ model, weights: weightsOf(model, 0.05), low: 0, high: 2 }))
  t.deepEqual(krylovLines(special.model), [
    'M = (2 A - 2 I) / 2',
    'K = [T_0(M) b ... T_7(M) b, T_0(M) 1 ... T_8(M) 1]',
    't(0) = v, t(1) = M v, t(q) = 2 M t(q-1) - t(q-2)   for v = b and v = 1',
    "14 products of A and a vector and A's row sums; no division, no orthogonalisation",
    'G = K^T K up to degree 5 from <f, t(q)> alone: <T_q f, T_r g> = (<f, T_(q+r) g> + <f, T_|q-r| g>) / 2',
    'X_m = p_m(A) + K C_m K^T, b = K beta, the query K xi_m',
    '  tokens          p_m: degree 1   C_m: none       beta: 1         xi_m: 1',
    '  after layer 1   p_m: degree 3   C_m: 7 x 5      beta: 7         xi_m: 5',
    '  after layer 2   xi_m: 17',
    'x = K xi of A'
  ])
  t.deepEqual(krylovLines(model), [], 'none for a model of tokens')
  t.end()
})
