/**
 * Guarantees of every shipped checkpoint against random and adversarial systems; ANSATZ_CAMPAIGN sets how many of each (500
 * if unset), ANSATZ_LONG asks for 100000.
 */
import test from 'tape'
import { read } from '../../runtime/checkpoint/checkpoint'
import { type Claimed, campaign } from '../../runtime/guarantee/campaign'
import { formsOf } from '../../runtime/guarantee/statement'
import { shipped } from '../../runtime/package/root'
import { closedForm } from '../../runtime/weights/closed-form'
import { right } from '../support/right'

const systems = Number(process.env['ANSATZ_CAMPAIGN'] ?? (process.env['ANSATZ_LONG'] === undefined ? 500 : 100_000))
const many = systems > 20_000
const sizes = many ? undefined : [2, 3, 5, 9, 16, 32]

const ends = (kappa: number) => ({ low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })

const checkpoints = { 'block-linear-2': 5, 'block-linear-3': 5, 'block-linear-4-universal': 100 } as const

for (const [name, kappa] of Object.entries(checkpoints)) {
  test(`${name} keeps its guarantee`, async (t) => {
    const { model, weights } = right(await read(shipped('checkpoints', `${name}.safetensors`))())
    const claims = right(formsOf({ model, weights, ...ends(kappa) }))
    t.deepEqual(
      claims.map((c) => c.form),
      ['tokens', 'polynomial'],
      'in both forms'
    )
    for (const r of right(await campaign({ claims, systems, seed: 1, ...(sizes === undefined ? {} : { sizes }) }))) {
      t.equal(r.systems, systems, `${r.form}: ${systems} systems`)
      t.deepEqual(r.violations, [], `no violation; largest error ${r.largest} at n = ${r.n}, ${r.kind}`)
      t.ok(r.tightest >= 1 && r.tightest <= 1.01, `the bound is within 1% of the largest: ${r.tightest}`)
    }
  })
}

test('a bound that is too small is violated', async (t) => {
  const [tokens] = right(formsOf({ ...right(closedForm({ layers: 2, kappa: 5 })), ...ends(5) }))
  const { guarantee } = tokens!
  const shrunk: Claimed = { ...tokens!, guarantee: { ...guarantee, factor: 0.995 * guarantee.factor } }
  const [found] = right(await campaign({ claims: [shrunk], systems: 60, seed: 1, sizes: [2, 9] }))
  t.ok(found!.violations.length >= 20, `by ${found!.violations.length} of ${found!.systems} systems`)
  t.ok(
    found!.violations.every((v) => v.ratio <= guarantee.factor * 1.000001),
    'all of them within the true bound'
  )
})

test('a theorem without its rounding term is violated where rounding is all there is', async (t) => {
  const [tokens] = right(formsOf({ ...right(closedForm({ layers: 4, kappa: 5 })), ...ends(5) }))
  const claims: readonly Claimed[] = [tokens!]
  const [found] = right(await campaign({ claims, systems: 60, seed: 2, sizes: [2, 9] }))
  t.deepEqual(found!.violations, [], 'with it: none')
  t.ok(
    found!.largest > 1e6 * tokens!.guarantee.factor,
    `although ${found!.largest} is far above ${tokens!.guarantee.factor}`
  )
})
