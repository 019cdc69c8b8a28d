/** Families in JSON at the ends of what is read: they draw finite systems that their answers solve. */
import test from 'tape'

import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { Family, FamilyJson, Json } from '../../spec'
import { left, right } from '../support/right'

const one = (value: number): Family.Range => ({ low: value, high: value })

const boundary = (more: Partial<Family.Collocation>): Family.Collocation => ({
  ...Family.diffusion({ sizes: { low: 1, high: 9 } }),
  ...more
})

const extremes: readonly Family.Family[] = [
  boundary({ alpha: one(0.999999), omega: one(1e6) }),
  boundary({ alpha: one(-0.999999), omega: one(0) }),
  boundary({ advection: one(1e6) }),
  boundary({ advection: one(-1e6), reaction: { rho: one(1e6), gamma: one(1), nu: one(1e6) } }),
  boundary({ source: { terms: 1000, decay: 1 } }),
  boundary({ source: { terms: 1, decay: 0 } }),
  Family.newton({ sizes: { low: 1, high: 9 }, p: [12], ratio: 1, noise: 1e6, iterations: 100 }),
  Family.newton({ sizes: { low: 1, high: 9 }, p: [12], columns: { low: 1e-6, high: 1e6 }, answer: 1e6, start: 1e6 }),
  Family.newton({ sizes: { low: 1, high: 9 }, p: [2, 2.5], ratio: 1000, noise: 0, iterations: 1 }),
  Family.noisy({ A: 1e6, b: 1e6 })(boundary({}))
]

test('families at the ends of what is read', (t) => {
  for (const family of extremes) {
    const read = right(FamilyJson.decodeFamily(JSON.parse(JSON.stringify(FamilyJson.encodeFamily(family)))))
    t.deepEqual(read, family, Family.show(family))
    for (const n of [1, 2, 9]) {
      const { A, b, x } = draw(read, Key.key(1), { n, batch: 3 })
      if (![A, b, x].every((all) => all.every(Number.isFinite))) t.fail(`n = ${n}: a number is not finite`)
    }
  }
  t.end()
})

test('families beyond them are refused', (t) => {
  const text = JSON.stringify(FamilyJson.encodeFamily(Family.reactionDiffusion({ sizes: 4 })))
  const newton = JSON.stringify(FamilyJson.encodeFamily(Family.newton({ sizes: 4 })))
  const cases: readonly [from: string, by: string, to: string, says: string][] = [
    [
      text,
      '"alpha":{"low":0,"high":0.9}',
      '"alpha":{"low":0,"high":1}',
      'alpha.high: expected a number between -1 and 1, found 1'
    ],
    [text, '"high":20', '"high":2e6', 'reaction.rho.high: expected a number from 0 to 1e6, found 2000000'],
    [text, '"terms":8', '"terms":0', 'source.terms: expected a whole number from 1 to 1000, found 0'],
    [newton, '"p":[3,4,6]', '"p":[3,1]', 'p[1]: expected an exponent from 2 to 12, found 1'],
    [newton, '"columns":{"low":1', '"columns":{"low":0', 'columns.low: expected a number from 1e-6 to 1e6, found 0'],
    [newton, '"p":[3,4,6]', '"p":[]', 'p: expected at least one exponent, found an array of 0']
  ]
  for (const [from, by, to, says] of cases) {
    t.equal(Json.show(left(FamilyJson.decodeFamily(JSON.parse(from.replace(by, to))))), says)
  }
  t.end()
})

test('a Newton system says which iteration it is of', (t) => {
  // On a quadratic, one step ends at the minimum, whatever iteration was wanted; only rounding takes another.
  const quadratic = draw(Family.newton({ sizes: 4, p: [2] }), Key.key(2), { n: 4, batch: 30 }).coefficients!
  const steps = quadratic.filter((_, k) => k % 2 === 1)
  t.ok(
    steps.every((k) => k <= 2),
    `at most ${Math.max(...steps)}`
  )
  const cubic = draw(Family.newton({ sizes: 4, p: [3] }), Key.key(2), { n: 4, batch: 200 }).coefficients!
  t.ok(new Set(cubic.filter((_, k) => k % 2 === 1)).size > 4, 'many iterations are met where there are many')
  t.end()
})
