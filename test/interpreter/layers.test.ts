import { pipe } from 'fp-ts/function'
import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { encode, interpret, interpretBatch } from '../../runtime/interpreter/interpret'
import { applyLayer } from '../../runtime/interpreter/layers'
import { L, M, T, W, Zoo } from '../../spec'
import { typed } from '../support/right'
import { distance, normals, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

const rows = (a: D.Array64): number[][] =>
  Array.from({ length: D.rowsOf(a) }, (_, i) => Array.from({ length: D.columnsOf(a) }, (_, j) => a.get(i, j)))

const equations = (options: Parameters<typeof T.equations>[0], body: L.Layer): M.Model =>
  M.make({ name: 'case', encoding: T.equations(options), body, readout: M.query('A') })

const system = { A: D.of(Float64Array.of(1, 2, 3, 4), 2, 2), b: D.of(Float64Array.of(3, 4), 2) }

test('tokens of the equation encoding', (t) => {
  const identity = T.identity(2)
  t.deepEqual(
    rows(encode(typed(equations({ embedding: identity, query: 'paper' }, L.scale(1))), {}, system)),
    [
      [1, 2, 3, 1, 0, 1, 0],
      [3, 4, 4, 0, 1, 0, 1],
      [0, 0, 1, 1, 1, 1, 1]
    ],
    "query 'paper': zeros, then ones"
  )
  t.deepEqual(
    rows(encode(typed(equations({ embedding: identity, query: 'b' }, L.scale(1))), {}, system))[2],
    [0, 0, 1, 0, 0, 0, 0],
    "query 'b': a one in the b slot"
  )
  t.deepEqual(
    rows(encode(typed(equations({ embedding: identity, bScale: 10 }, L.scale(1))), {}, system)).map((e) => e[2]),
    [6, 8, 1],
    'b scaled to norm 10, the one of the query as it is'
  )
  const weights = { 'embedding.H': Float64Array.of(10, 11, 12, 20, 21, 22) }
  t.deepEqual(
    rows(encode(typed(equations({ embedding: T.learned(3, 2) }, L.scale(1))), weights, system)),
    [
      [1, 2, 3, 10, 11, 12],
      [3, 4, 4, 20, 21, 22],
      [0, 0, 1, 0, 0, 0]
    ],
    'row i of a learned embedding'
  )
  t.end()
})

test('tokens of the other encodings', (t) => {
  t.deepEqual(
    rows(encode(typed(Zoo.polynomial({ degree: 1, low: 0, high: 1 })), {}, system)),
    [
      [1, 2, 3],
      [3, 4, 4]
    ],
    'rows'
  )
  t.deepEqual(
    rows(encode(typed(Zoo.columnLinear({ layers: 1 })), {}, system)),
    [
      [1, 3, 3],
      [2, 4, 4]
    ],
    'columns of A, with b'
  )
  t.end()
})

/** Eq. 2 term by term: nothing but the sum, on tokens as lists and matrices as functions of two indices. */
const termByTerm = (
  e: readonly (readonly number[])[],
  attended: number,
  heads: number,
  P: (h: number, c: number, d: number) => number,
  Q: (h: number, c: number, d: number) => number
): number[][] =>
  e.map((ei) =>
    ei.map((_, c) => {
      let sum = 0
      for (let h = 0; h < heads; h++) {
        for (let j = 0; j < attended; j++) {
          const ej = e[j]!
          let score = 0
          for (let p = 0; p < ei.length; p++) for (let q = 0; q < ei.length; q++) score += ej[p]! * Q(h, p, q) * ei[q]!
          for (let d = 0; d < ei.length; d++) sum += score * P(h, c, d) * ej[d]!
        }
      }
      return sum
    })
  )

test('linear attention is eq. 2 term by term', (t) => {
  for (const [encoding, attended] of [
    [T.equations({ embedding: T.identity(1) }), 3],
    [T.equations({ embedding: T.identity(1), query: 'none' }), 3],
    [T.columns, 3]
  ] as const) {
    const heads = 2
    const model = M.make({
      name: 'case',
      encoding,
      body: L.linearAttention({ heads, P: W.full, Q: W.full }),
      readout: encoding._tag === 'equations' && encoding.query !== 'none' ? M.query('A') : M.perToken('b')
    })
    const judged = typed(model)
    const weights = randomWeights(judged, 3, 1, 0.5)
    const { A } = spd(5, 3, 5)
    const e = encode(judged, weights, { A: D.of(A, 3, 3), b: D.of(normals(6, 3), 3) })
    const width = D.columnsOf(e)
    const entry = (name: string) => (h: number, c: number, d: number) =>
      weights[`attention.${name}.matrix`]![(h * width + c) * width + d]!
    const found = applyLayer(judged.body, weights, 3, e)
    const expected = Float64Array.from(termByTerm(rows(e), attended, heads, entry('P'), entry('Q')).flat())
    t.ok(distance(D.copy(found).data, expected) < 1e-12, `${D.rowsOf(e)} tokens of ${width} numbers`)
  }
  t.end()
})

test('the query attends and is never attended to', (t) => {
  const judged = typed(Zoo.fullLinear({ layers: 2, embedding: T.identity(1), bScale: null }))
  const weights = randomWeights(judged, 3, 2, 0.3)
  const e = encode(judged, weights, { A: D.of(spd(1, 3, 5).A, 3, 3), b: D.of(normals(2, 3), 3) })
  const other = D.copy(e)
  for (let c = 0; c < D.columnsOf(e); c++) other.set(3, c, 7 - c)
  const [y, z] = [applyLayer(judged.body, weights, 3, e), applyLayer(judged.body, weights, 3, other)]
  t.deepEqual(rows(y).slice(0, 3), rows(z).slice(0, 3), 'another query leaves the equations as they are')
  t.notDeepEqual(rows(y)[3], rows(z)[3], 'and has another answer')
  t.end()
})

test('small layers by hand', (t) => {
  const e = [
    [1, 2, 3],
    [3, 4, 4]
  ]
  const run = (body: L.Layer, weights: Record<string, Float64Array>, readout = M.perToken('b')): number[][] => {
    const judged = typed(M.make({ name: 'case', encoding: T.rows, body, readout }))
    return rows(applyLayer(judged.body, weights, 2, D.of(Float64Array.from(e.flat()), 2, 3)))
  }
  t.deepEqual(run(L.scale(1), { 'scale.alpha': Float64Array.of(2) }), [
    [2, 4, 6],
    [6, 8, 8]
  ])
  t.deepEqual(run(L.residual(L.scale(1)), { 'scale.alpha': Float64Array.of(-1) }), [
    [0, 0, 0],
    [0, 0, 0]
  ])
  t.deepEqual(
    run(pipe(L.scale(1), L.repeat(2)), { '0.scale.alpha': Float64Array.of(2), '1.scale.alpha': Float64Array.of(5) })[0],
    [10, 20, 30],
    'untied copies in turn'
  )
  t.deepEqual(run(pipe(L.scale(1), L.loop(3)), { 'scale.alpha': Float64Array.of(2) })[0], [8, 16, 24], 'tied copies')
  t.deepEqual(
    run(L.linearMap({ weight: W.full, out: 1 }), { 'linear.W.matrix': Float64Array.of(1, 10, 100) }, M.perToken('y')),
    [[321], [443]],
    'a linear map to one number'
  )
  t.deepEqual(
    run(
      L.linearMap({ weight: W.product(1), out: 1 }),
      { 'linear.W.left': Float64Array.of(2), 'linear.W.right': Float64Array.of(1, 10, 100) },
      M.perToken('y')
    ),
    [[642], [886]],
    'a product weight'
  )
  t.deepEqual(
    run(L.linearMap({ weight: W.block }), {
      'linear.W.mu1': Float64Array.of(1),
      'linear.W.mu2': Float64Array.of(10),
      'linear.W.column': Float64Array.of(100),
      'linear.W.row': Float64Array.of(1000),
      'linear.W.entry': Float64Array.of(5)
    })[0],
    [1 + 10 * 3 + 100 * 3, 2 + 10 * 3 + 100 * 3, 1000 * 3 + 5 * 3],
    'a Block weight: columns make parts of size n from b, rows make b'
  )
  t.deepEqual(
    run(L.linearMap({ weight: W.blockOf({ muScale: 'n' }) }), {
      'linear.W.mu1': Float64Array.of(0),
      'linear.W.mu2': Float64Array.of(10),
      'linear.W.column': Float64Array.of(0),
      'linear.W.row': Float64Array.of(0),
      'linear.W.entry': Float64Array.of(0)
    })[0],
    [15, 15, 0],
    'mu2 / n'
  )
  t.end()
})

test('the chebyshev layer is sum c_k T_k on every eigenvalue', (t) => {
  const { A, eigenvalues, eigenvectors } = spd(3, 5, 10)
  const c = normals(4, 8)
  const judged = typed(Zoo.polynomial({ degree: 7, low: 0.1, high: 1.9 }))
  for (let k = 0; k < 5; k++) {
    const b = eigenvectors.slice(k * 5, k * 5 + 5)
    const angle = Math.acos((2 * eigenvalues[k]! - 2) / 1.8)
    const p = c.reduce((sum, value, m) => sum + value * Math.cos(m * angle), 0) // T_m(cos a) = cos(m a)
    const x = interpret(judged, { 'chebyshev.coefficients': c }, { A: D.of(A, 5, 5), b: D.of(b, 5) })
    t.ok(
      distance(
        x.data,
        b.map((v) => p * v)
      ) < 1e-13,
      `eigenvalue ${k}`
    )
  }
  t.end()
})

test('b is scaled in and out', (t) => {
  const judged = typed(Zoo.blockLinear({ layers: 2, bScale: 1e-8 }))
  const weights = randomWeights(judged, 4, 3, 0.2)
  const { A } = spd(7, 4, 5)
  const b = normals(8, 4)
  const x = interpretBatch(judged, weights, { n: 4, batch: 1, A, b })
  const large = interpretBatch(judged, weights, { n: 4, batch: 1, A, b: b.map((v) => 1024 * v) })
  t.ok(
    distance(
      large,
      x.map((v) => 1024 * v)
    ) < 1e-10,
    'the answer is linear in the length of b'
  )
  t.deepEqual(
    [...interpretBatch(judged, weights, { n: 4, batch: 1, A, b: new Float64Array(4) })],
    [0, 0, 0, 0],
    'b = 0'
  )
  const plain = typed(Zoo.blockLinear({ layers: 2, bScale: null }))
  const tiny = 1e-8 / Math.hypot(...b)
  const same = interpretBatch(plain, weights, { n: 4, batch: 1, A, b: b.map((v) => tiny * v) }).map((v) => v / tiny)
  t.ok(distance(same, x) < 1e-12, 'as scaling by hand')
  t.end()
})
