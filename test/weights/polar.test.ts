import * as E from 'fp-ts/Either'
import test from 'tape'

import { interpretBatch } from '../../runtime/interpreter/interpret'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { follow } from '../../runtime/train/train'
import { embed } from '../../runtime/weights/closed-form'
import { embedPolar, polarContraction, polarForm } from '../../runtime/weights/polar'
import { Family, L, type M, T, Zoo } from '../../spec'
import { polarRecipe } from '../../spec/zoo/polar-recipe'
import { left, right, typed } from '../support/right'

type Kind = Family.Structure

const kinds: readonly Kind[] = ['nonsymmetric', 'indefinite']

/** The residual `1 - sigma p(sigma)` at n = 1, where A is its own singular value. */
const residuals = (model: M.Model, weights: Record<string, Float64Array>, sigma: Float64Array): Float64Array =>
  interpretBatch(typed(model), weights, { n: 1, batch: sigma.length, A: sigma, b: sigma }).map((x) => 1 - x)

const meanSquare = (model: M.Model, weights: Record<string, Float64Array>, kind: Kind, kappa: number, n: number) => {
  const sample = draw(Family.general({ structure: kind, kappa, sizes: n }), Key.key(n), { n, batch: 20 })
  const x = interpretBatch(typed(model), weights, sample)
  return x.reduce((sum, v, i) => sum + (v - sample.x[i]!) ** 2, 0) / x.length
}

test('the residual of row operations stays within its bound and touches it', (t) => {
  for (const identityBlocks of [0, 1, 2]) {
    for (const [layers, kappa] of [
      [1, 5],
      [2, 5],
      [4, 5],
      [5, 30],
      [8, 1000]
    ] as const) {
      const { model, weights } = right(polarForm({ layers, kappa, identityBlocks }))
      const points = 500
      const sigma = Float64Array.from({ length: points + 1 }, (_, k) => (2 * kappa ** (k / points)) / (1 + kappa))
      const bound = polarContraction(layers, kappa)
      for (const sign of [1, -1]) {
        const found = residuals(
          model,
          weights,
          sigma.map((s) => sign * s)
        )
        const [low, high] = [Math.min(...found), Math.max(...found)]
        const what = `${identityBlocks} blocks, ${layers} layers, kappa ${kappa}, sign ${sign}`
        t.ok(high <= bound + 1e-12 && -low <= bound + 1e-12, `${what}: within ${bound.toExponential(2)}`)
        t.ok(high >= 0.999 * bound && -low >= 0.97 * bound, `${what}: on both sides`)
      }
    }
  }
  t.end()
})

test('row operations solve nonsymmetric and indefinite systems to roundoff', (t) => {
  for (const identityBlocks of [0, 1]) {
    for (const kind of kinds) {
      for (const [layers, kappa, most] of [
        [7, 5, 2e-30],
        [10, 100, 5e-28]
      ] as const) {
        const { model, weights } = right(polarForm({ layers, kappa, identityBlocks }))
        const found = meanSquare(model, weights, kind, kappa, 9)
        t.ok(found <= most, `${identityBlocks} blocks, ${kind}, kappa ${kappa}: ${found.toExponential(1)}`)
      }
      const { model, weights } = right(polarForm({ layers: 3, kappa: 5, identityBlocks }))
      const found = meanSquare(model, weights, kind, 5, 9)
      t.ok(found > 1e-5 && found < 1e-3, `${kind}, three layers: ${found.toExponential(1)}, not more`)
    }
  }
  t.end()
})

test('bounds go on below roundoff, and numbers stay finite', (t) => {
  t.ok(Math.abs(polarContraction(6, 5) / 1.54e-17 - 1) < 0.05, 'quadratic convergence at six layers')
  const ratio = polarContraction(8, 5) / polarContraction(7, 5) ** 2
  t.ok(ratio > 0.1 && ratio < 1, `and at eight: ${ratio}`)
  for (const identityBlocks of [0, 1]) {
    const { weights } = right(polarForm({ layers: 40, kappa: 1e6, identityBlocks }))
    t.ok(
      Object.values(weights).every((a) => a.every(Number.isFinite)),
      `40 layers at kappa 1e6, ${identityBlocks} blocks`
    )
  }
  t.end()
})

test('what has no room for row operations is refused with a reason', (t) => {
  const polar = Zoo.polarLinear({ layers: 2 })
  t.deepEqual(right(embed(polar, 5)), right(embedPolar(polar, 5)), 'closed forms are found by the readout')
  const cases: readonly [model: M.Model, kappa: number, reason: string][] = [
    [polar, 1, 'kappa:'],
    [polar, Number.NaN, 'kappa:'],
    [{ ...polar, encoding: T.columns }, 5, 'encoding:'],
    [{ ...polar, encoding: T.equations({ embedding: T.learned(3, 3), query: 'none' }) }, 5, 'encoding:'],
    [{ ...polar, body: L.scale(1) }, 5, 'body:'],
    [Zoo.newtonSchulz({ layers: 2 }), 5, 'body:'],
    [Zoo.polarLinear({ layers: 0 }), 5, 'body.sequence']
  ]
  for (const [model, kappa, reason] of cases) {
    const found = left(embedPolar(model, kappa))
    t.ok(found.startsWith(reason), found)
  }
  t.end()
})

test('row operations train on scalar nodes of both signs', async (t) => {
  const of = async (symmetric: boolean) => {
    const recipe = polarRecipe({ layers: 2, kappa: 5, symmetric })
    const trained = await follow(recipe)()
    if (E.isLeft(trained)) throw new Error(`internal: ${trained.left.message}`)
    return { model: recipe.model, weights: trained.right.weights }
  }
  const closed = right(polarForm({ layers: 2, kappa: 5 }))
  const error = (w: { model: M.Model; weights: Record<string, Float64Array> }, kind: Kind): number =>
    meanSquare(w.model, w.weights, kind, 5, 12)
  const any = await of(false)
  for (const kind of kinds) {
    const [found, before] = [error(any, kind), error(closed, kind)]
    t.ok(found < before, `any matrix, ${kind}: ${found.toExponential(2)} below ${before.toExponential(2)}`)
  }
  const symmetric = await of(true)
  t.ok(
    error(symmetric, 'indefinite') < error(closed, 'indefinite') / 2,
    'symmetric: less than half on indefinite systems'
  )
  t.ok(error(symmetric, 'nonsymmetric') > error(closed, 'nonsymmetric'), 'and worse on nonsymmetric ones')
  t.end()
})
