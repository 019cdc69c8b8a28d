/**
 * Writing a new architecture, training it, and solving with it.
 *
 *     node --import tsx examples/architecture.ts
 *
 * The architecture itself is in damped.ts: 15 lines of plain data.
 */
import * as E from 'fp-ts/Either'

import { follow, Random, sample, solveAsync, spec } from '../runtime' // installed: from 'ansatz'
import { damped } from './damped'

const { Family, Infer, Recipe, Tree } = spec
const model = damped(2)

// 1. Judge it. Shapes are checked in one place; a mistake is a sentence that names the place in the model.
const typed = Infer.infer(model)
if (E.isLeft(typed)) throw new Error(Infer.show(typed.left))
console.log(`${Tree.showTyped(typed.right)}\n`)

const wrong = Infer.infer({ ...model, readout: { _tag: 'query', part: 'H2' } })
console.log(`A model with a mistake in it: ${E.isLeft(wrong) ? Infer.show(wrong.left) : 'was accepted'}\n`)

// 2. Say how it is trained. This recipe uses that a model without all-ones terms acts on each eigenvalue of A alone: it
//    trains on systems of one unknown, by Levenberg-Marquardt, and the result holds for every n.
const family = Family.spd({ kappa: 5, sizes: { low: 2, high: 64 } })
const recipe = Recipe.make({
  name: 'damped-2',
  model,
  start: Recipe.random(),
  stages: [Recipe.scalarNodes({ kappas: [5], iterations: 200, starts: 8 })],
  seed: 1,
  valid: family
})

const trained = await follow(recipe)()
if (E.isLeft(trained)) throw new Error(trained.left.message)
const { weights, loss } = trained.right
console.log(`Trained on ${Family.show(family)}: mean square error ${loss.toExponential(1)} on the training nodes`)

// 3. Solve with it. The network proposes on a gpu.js backend in float32; float64 refines and certifies.
const { A, b, x, n } = sample(Family.spd({ kappa: 5, sizes: 24 }), Random.key(7), { n: 24, batch: 1 })
const options = { model: { model, weights, kappa: 5 } }

const proposed = await solveAsync({ A, b }, { ...options, proposeOnly: true })
const error = Math.max(...proposed.x.map((value, i) => Math.abs(value - x[i]!)))
console.log(`Its own answer for n = ${n}: status ${proposed.status}, largest error ${error.toExponential(1)}`)

const { status, path, passes, backend, backwardError } = await solveAsync({ A, b }, options)
console.log(`Refined: status ${status}, backward error ${backwardError.normwise.toExponential(1)}`)
console.log(`Path: ${path}, ${passes} passes on ${backend?.name} (${backend?.adapter})`)
