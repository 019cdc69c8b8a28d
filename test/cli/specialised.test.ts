/** `ansatz print --phase specialised`: what it prints is what runs, and its formulas compute the polynomial. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import { toJavaScript } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import { showSpecialised, specialised, specialisedJson } from '../../runtime/cli/commands/print-specialised'
import { exits } from '../../runtime/cli/exit'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { sourceOf } from '../../runtime/solve/models'
import { golden } from '../golden/golden'
import { left, right, typed } from '../support/right'
import { distance, normals, size, spd } from '../support/systems'
import { ansatz, isSentence } from './run'

const usual = { n: 9, batch: 1000, rhs: 1 }

test('the expected text', async (t) => {
  const shown = right(await specialised('closed-form-2-kappa-5', usual))
  golden(t, 'print/closed-form-2-kappa-5-specialised', showSpecialised(shown))
})

/** The printed recurrence, followed line by line with the printed coefficients. */
const byHand = (text: string, A: Float64Array, b: Float64Array, n: number): Float64Array => {
  const numbers = [...text.matchAll(/^ {2}c\d+ +(\S+)$/gm)].map((m) => Number(m[1]))
  const affine = /M = \(2 A - (\S+) I\) \/ (\S+)/.exec(text)!
  const [middle, length] = [Number(affine[1]), Number(affine[2])]
  const M = (v: Float64Array): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => {
      let sum = 0
      for (let j = 0; j < n; j++) sum += A[i * n + j]! * v[j]!
      return (2 * sum - middle * v[i]!) / length
    })
  let [next, after] = [new Float64Array(n), new Float64Array(n)]
  for (let q = numbers.length - 1; q >= 1; q--) {
    const own = M(next).map((v, i) => numbers[q]! * b[i]! + 2 * v - after[i]!)
    ;[next, after] = [own, next]
  }
  return M(next).map((v, i) => numbers[0]! * b[i]! + v - after[i]!)
}

test('the formulas and numbers that are printed are the network', async (t) => {
  for (const name of ['block-linear-2', 'block-linear-3', 'closed-form-3-kappa-5']) {
    // An interval whose ends print in full.
    const shown = right(await specialised(name, { ...usual, interval: [0.25, 1.75] }))
    const text = showSpecialised(shown)
    const { model, weights } = right(await sourceOf(name))
    const n = 7
    const systems = { n, batch: 1, A: spd(31, n, 5).A, b: normals(32, n) }
    const want = interpretBatch(typed(model), weights, systems)
    t.ok(distance(byHand(text, systems.A, systems.b, n), want) <= 1e-12 * size(want), name)
    const program = right(toJavaScript({ _tag: 'forward' }, typed(shown.special.model), { n, batch: 1 }))
    const { products } = countPlan(program.plan)
    t.ok(
      text.includes(`${products} products of a matrix and a vector`),
      `${products} products are printed and launched`
    )
  }
})

test('the same as JSON, and through the command', async (t) => {
  const shown = right(await specialised('closed-form-2-kappa-5', usual))
  const ran = await ansatz(['print', 'closed-form-2-kappa-5', '--phase', 'specialised', '--json'])
  t.equal(ran.code, 0, 'exit code 0')
  t.deepEqual(JSON.parse(ran.out), JSON.parse(JSON.stringify(specialisedJson(shown))), 'one JSON value')
  const many = right(await specialised('block-linear-3', { n: 100, batch: 1, rhs: 200 }))
  t.equal(many.costs[0]?.way, 'strided', 'many right-hand sides make strides the cheapest way')
  t.ok(/strided by 4/.test(showSpecialised(many)), 'and the text says so')
})

test('what cannot be specialised', async (t) => {
  const untrained = left(await specialised('block-linear-4', usual))
  t.ok(untrained.exit === 'model' && /has no weights/.test(untrained.message), untrained.message)
  const empty = left(await specialised('block-linear-2', { ...usual, interval: [1, 1] }))
  t.ok(empty.exit === 'model' && /interval: expected low < high/.test(empty.message), empty.message)
  const one = left(await specialised('block-linear-2', { ...usual, interval: [1] }))
  t.ok(one.exit === 'usage', one.message)
  t.ok(E.isLeft(await specialised('closed-form-2-kappa-0.5', usual)), 'a closed form for no condition number')
  const elsewhere = await ansatz(['print', 'block-linear-2', '--interval', '0,1'])
  t.ok(elsewhere.code === exits.usage.code && isSentence(elsewhere.err), elsewhere.err.trim())
})
