import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { encode, interpretBatch } from '../../runtime/interpreter/interpret'
import { applyLayer } from '../../runtime/interpreter/layers'
import { projectedAttention } from '../../runtime/interpreter/projected-attention'
import type { Weights } from '../../runtime/weights/weights'
import { L, M, T, W, Zoo } from '../../spec'
import { typed } from '../support/right'
import { distance, normals, size, spd, uniforms } from '../support/systems'
import { randomWeights } from '../support/weights'

/** The entry [row, column] of head h of a Block weight, for tokens (A, b, H1 ... Hl) of systems with n unknowns. */
const blockEntry = (
  weights: Weights,
  name: string,
  squares: number,
  n: number,
  muScale: W.MuScale,
  at: readonly [h: number, row: number, column: number]
): number => {
  const [h, row, column] = at
  const [over, overRoot] = muScale === 'n' ? [n, Math.sqrt(n)] : [1, 1]
  // Which square block an index lies in, and where in it; b stands at index n, between A and H1.
  const place = (k: number): readonly [number, number] =>
    k < n ? [0, k] : [1 + Math.floor((k - n - 1) / n), (k - n - 1) % n]
  const value = (label: string, k: number): number => weights[`${name}.${label}`]![k]!
  if (row === n && column === n) return value('entry', h)
  if (row === n) return value('row', h * squares + place(column)[0]) / overRoot
  if (column === n) return value('column', h * squares + place(row)[0]) / overRoot
  const [[m, i], [k, j]] = [place(row), place(column)]
  const block = (h * squares + m) * squares + k
  return (i === j ? value('mu1', block) : 0) + value('mu2', block) / over
}

test('BLOCK is FULL filled with the block pattern', (t) => {
  for (const muScale of ['one', 'n'] as const) {
    for (const [layers, heads, blocks, n] of [
      [1, 1, 3, 4],
      [2, 2, 1, 5],
      [2, 1, 0, 3],
      [1, 2, 2, 1]
    ] as const) {
      const options = { layers, heads, query: 'paper', bScale: null } as const
      const block = typed(Zoo.blockLinear({ ...options, identityBlocks: blocks, allOnes: true, muScale }))
      const full = typed(Zoo.fullLinear({ ...options, embedding: T.identity(blocks) }))
      const few = randomWeights(block, n, 1, 0.2)
      const width = n + 1 + blocks * n
      const many = Object.fromEntries(
        full.parameters.map(({ name }) => [
          name,
          Float64Array.from({ length: heads * width * width }, (_, k) =>
            blockEntry(few, name.replace(/\.matrix$/, ''), blocks + 1, n, muScale, [
              Math.floor(k / (width * width)),
              Math.floor(k / width) % width,
              k % width
            ])
          )
        ])
      )
      const systems = { n, batch: 2, A: normals(2, 2 * n * n), b: normals(3, 2 * n) }
      const [x, y] = [interpretBatch(block, few, systems), interpretBatch(full, many, systems)]
      const what = `${layers} layers, ${heads} heads, ${blocks} blocks, n = ${n}, muScale ${muScale}`
      t.ok(size(x) > 1e-3 && distance(x, y) <= 1e-12 * size(x), what)
    }
  }
  t.end()
})

test('BLOCK models are equivariant to the order of the equations and unknowns', (t) => {
  const n = 5
  const order = [3, 0, 4, 1, 2]
  const { A } = spd(11, n, 5)
  const b = normals(12, n)
  const permuted = {
    n,
    batch: 1,
    A: Float64Array.from({ length: n * n }, (_, k) => A[order[Math.floor(k / n)]! * n + order[k % n]!]!),
    b: Float64Array.from(order, (k) => b[k]!)
  }
  for (const model of [
    Zoo.blockLinear({ layers: 3 }),
    Zoo.blockLinear({ layers: 2, heads: 2, allOnes: true, query: 'paper', bScale: null }),
    Zoo.blockLinear({ layers: 2, allOnes: true, muScale: 'n', tied: true })
  ]) {
    const judged = typed(model)
    const weights = randomWeights(judged, n, 4, 0.15)
    const x = interpretBatch(judged, weights, { n, batch: 1, A, b })
    const y = interpretBatch(judged, weights, permuted)
    t.ok(
      distance(
        y,
        Float64Array.from(order, (k) => x[k]!)
      ) <=
        1e-11 * size(x),
      model.name
    )
    t.ok(distance(y, x) > 1e-6 * size(x), `${model.name}: and the order does change the answer`)
  }
  const full = typed(Zoo.fullLinear({ layers: 1, embedding: T.identity(1) }))
  const weights = randomWeights(full, n, 5, 0.3)
  const x = interpretBatch(full, weights, { n, batch: 1, A, b })
  const y = interpretBatch(full, weights, permuted)
  t.ok(
    distance(
      y,
      Float64Array.from(order, (k) => x[k]!)
    ) >
      1e-3 * size(x),
    'FULL models are not'
  )
  t.end()
})

test('the order of a batch does not matter', (t) => {
  const [n, batch] = [4, 5]
  const next = uniforms(1)
  const order = Array.from({ length: batch }, (_, k) => k).sort(() => next() - 0.5)
  const A = normals(21, batch * n * n)
  const b = normals(22, batch * n)
  const pick = (data: Float64Array, length: number): Float64Array =>
    Float64Array.from(order.flatMap((s) => [...data.subarray(s * length, (s + 1) * length)]))
  for (const model of [
    Zoo.blockLinear({ layers: 2, allOnes: true }),
    Zoo.fullLinear({ layers: 1, embedding: T.learned(3, n) }),
    Zoo.columnLinear({ layers: 1, inner: 2 }),
    Zoo.polynomial({ degree: 6, low: -2, high: 2 })
  ]) {
    const judged = typed(model)
    const weights = randomWeights(judged, n, 6, 0.3)
    const x = interpretBatch(judged, weights, { n, batch, A, b })
    const y = interpretBatch(judged, weights, { n, batch, A: pick(A, n * n), b: pick(b, n) })
    t.deepEqual(y, pick(x, n), model.name)
  }
  t.end()
})

test('keys, queries, values and projection are P and Q: eq. 1 is eq. 2', (t) => {
  const [n, heads, key, value] = [4, 2, 3, 2]
  const model = (body: L.Layer): M.Model =>
    M.make({ name: 'case', encoding: T.equations({ embedding: T.identity(1) }), body, readout: M.query('A') })
  const product = typed(model(L.projectedAttention({ heads, key, value })))
  const width = 2 * n + 1
  const names = ['attention.P.left', 'attention.P.right', 'attention.Q.left', 'attention.Q.right']
  t.deepEqual(
    product.parameters.map((p) => p.name),
    names,
    'P = W_P W_V and Q = W_K^T W_Q are two factors each'
  )
  const weights = randomWeights(product, n, 7, 0.5)
  const head = (name: string, h: number, rows: number, columns: number): D.Array64 =>
    D.of(weights[name]!.slice(h * rows * columns, (h + 1) * rows * columns), rows, columns)
  const heads1 = Array.from({ length: heads }, (_, h) => ({
    P: head('attention.P.left', h, width, value),
    V: head('attention.P.right', h, value, width),
    K: D.transpose(head('attention.Q.left', h, width, key)),
    Q: head('attention.Q.right', h, key, width)
  }))
  const e = encode(product, weights, { A: D.of(normals(8, n * n), n, n), b: D.of(normals(9, n), n) })
  const literal = projectedAttention(heads1, e, n).data
  t.ok(size(literal) > 1e-2, 'there is something to compare')
  t.ok(distance(applyLayer(product.body, weights, n, e).data, literal) <= 1e-12 * size(literal), 'product weights')

  const full = typed(model(L.linearAttention({ heads, P: W.full, Q: W.full })))
  const stack = (matrices: readonly D.Array64[]): Float64Array =>
    Float64Array.from(matrices.flatMap((m) => [...m.data]))
  const multiplied: Weights = {
    'attention.P.matrix': stack(heads1.map(({ P, V }) => D.multiply(P, V))),
    'attention.Q.matrix': stack(heads1.map(({ K, Q }) => D.multiply(D.transpose(K), Q)))
  }
  t.ok(distance(applyLayer(full.body, multiplied, n, e).data, literal) <= 1e-12 * size(literal), 'full weights')
  t.end()
})
