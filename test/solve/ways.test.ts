/** How a network is run: by its costs or as asked, alone or for many right-hand sides of one matrix. */
import test from 'tape'

import { choiceOf } from '../../runtime/solve/choose'
import { sourceOf } from '../../runtime/solve/models'
import { solveBatch, solver } from '../../runtime/solve/solve'
import { Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, normals, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

test('a solution says how its network ran and why', async (t) => {
  const own = solver('cpu')
  const n = 9
  const system = { n, A: spd(41, n, 4).A, b: normals(42, n) }
  const [usual, literal, lazy] = [
    right(await own.solve(system)()),
    right(await own.solve(system, { literal: true })()),
    right(await own.solve(system, { lazy: true })())
  ]
  t.deepEqual([usual.model?.way, usual.model?.products], ['lazy', usual.model?.degree], usual.model?.because)
  t.ok(/ products of a matrix and a vector, .* operations/.test(usual.model?.because ?? ''), 'by operations')
  t.deepEqual([literal.model?.way, literal.model?.products], ['literal', null], literal.model?.because)
  t.equal(lazy.model?.way, 'lazy', lazy.model?.because)
  for (const s of [usual, literal, lazy]) t.equal(s.status, 'certified', s.model?.way)
  t.equal(usual.products - lazy.products, 0, 'lazy by choice or by order is the same')
  const both = left(await own.solve(system, { literal: true, lazy: true })())
  t.ok(both.reason === 'option' && /literal and lazy/.test(both.message), both.message)
  await own.close()
})

test('a network without a cheap form runs its tokens, and is refused where lazy is asked for', async (t) => {
  const model = Zoo.columnLinear({ layers: 1 })
  const source = { name: 'columns', model, weights: randomWeights(typed(model), 4, 43, 0.1), kappa: 5 }
  const work = { n: 4, batch: 1, rhs: 1 }
  const free = right(await choiceOf(source, work, null))
  t.equal(free.way, 'literal', free.because)
  t.match(left(await choiceOf(source, work, 'lazy')), /expected equations, found columns/, 'with the reason')
})

test('a form is made once', async (t) => {
  const source = right(await sourceOf('closed-form-3-kappa-5'))
  const work = { n: 20, batch: 1, rhs: 1 }
  const [one, again] = [right(await choiceOf(source, work, null)), right(await choiceOf(source, work, null))]
  t.equal(one.typed, again.typed, 'so that its compiled program is found again')
  const many = right(await choiceOf(source, { n: 20, batch: 1, rhs: 500 }, null))
  t.deepEqual([many.way, many.matrixProducts > 0], ['strided', true], many.because)
  t.ok(many.products! < one.products!, 'with fewer products a right-hand side')
  t.equal(many.degree, one.degree, 'of the same polynomial')
})

test('many right-hand sides of one matrix: the answers of each alone, looked at once', async (t) => {
  const own = solver('cpu')
  const [n, batch] = [20, 30]
  const { A } = spd(44, n, 5)
  const b = normals(45, batch * n)
  b.fill(0, n, 2 * n) // one of them is zero
  const together = right(await own.solveBatch({ n, batch, A, b })())
  t.equal(together[0]?.model?.way, 'strided', together[0]?.model?.because)
  for (const k of [0, 1, 2, batch - 1]) {
    const alone = right(await own.solve({ n, A, b: b.slice(k * n, (k + 1) * n) })())
    t.deepEqual([together[k]?.status, alone.status], ['certified', 'certified'], `right-hand side ${k + 1}`)
    t.ok(distance(together[k]!.x, alone.x) <= 1e-12 * Math.max(1, ...alone.x.map(Math.abs)), 'the same solution')
    t.equal(together[k]?.condition?.estimate, together[0]?.condition?.estimate, 'one matrix, one condition')
  }
  const estimated = together.filter((s) => s.conditionProducts > 0)
  t.equal(estimated.length, 1, 'estimated once')
  await own.close()
})

test('one matrix that no network is for is factored once', async (t) => {
  const [n, batch] = [6, 3]
  const A = normals(46, n * n)
  const b = normals(47, batch * n)
  const solutions = right(await solveBatch({ n, batch, A, b })())
  for (const [k, s] of solutions.entries()) {
    t.deepEqual([s.status, s.classical], ['certified', 'lu'], `right-hand side ${k + 1}`)
    const off = s.x.map((_, i) => b[k * n + i]! - s.x.reduce((sum, v, j) => sum + A[i * n + j]! * v, 0))
    t.ok(Math.max(...off.map(Math.abs)) < 1e-12, 'its own answer')
  }
  const wrong = left(await solveBatch({ n, batch: 2, A: new Float64Array(3 * n * n), b: new Float64Array(2 * n) })())
  t.equal(wrong.reason, 'shape', wrong.message)
})
