import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { largestAt, sampledOn } from '../../runtime/spectral/contraction'
import { depthFor, reachOf, recipeFor } from '../../runtime/spectral/recipe'
import { follow, type TrainState } from '../../runtime/train/train'
import { behind, closedForm, kappaBehind } from '../../runtime/weights/closed-form'
import { Family, Recipe, Zoo } from '../../spec'
import { throughFile } from '../support/collect'
import { left, right } from '../support/right'

/** `1 / T_m(z)`, the least largest residual of degree m. */
const bound = (degree: number, kappa: number): number => 1 / Math.cosh(degree * Math.acosh((kappa + 1) / (kappa - 1)))

const ends = (kappa: number) => ({ low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })

const small = (stages: readonly Recipe.Stage[], start = Recipe.random()): Recipe.Recipe =>
  Recipe.make({
    name: 'small',
    model: Zoo.blockLinear({ layers: 2 }),
    start,
    stages,
    seed: 3,
    valid: Family.spd({ kappa: 5, sizes: 4 })
  })

test('paths, eigenvalues and starts behind closed forms go on from any state to the same bytes', async (t) => {
  const first = Recipe.scalarNodes({ kappas: [9], nodes: 20, iterations: 8, starts: 2, corrections: 3 })
  const path = { from: 9, steps: 4, iterations: 5 }
  const onPath = Recipe.scalarNodes({ kappas: [3], nodes: 20, iterations: 6, corrections: 3, path })
  const onValues = Recipe.eigenvalues({ eigenvalues: [0.3, 0.7, 1.4], iterations: 7, corrections: 2 })
  const one = Recipe.make({ ...small([first]), name: 'one', model: Zoo.blockLinear({ layers: 1 }) })
  for (const r of [
    small([first, onPath, onValues]),
    small([{ ...onPath } as Recipe.Stage, onValues], Recipe.behindClosedForm({ kappa: 5, from: one, noise: 1e-3 }))
  ]) {
    const states: TrainState[] = []
    const whole = right(
      await follow(r, {
        checkpointEvery: 1,
        onState: (state) => {
          states.push(state)
          return TE.right(undefined)
        }
      })()
    )
    let same = 0
    for (const state of states) {
      const resumed = right(await follow(r, { resume: throughFile(r, state) })())
      const theta = (weights: typeof whole.weights): string =>
        JSON.stringify(Object.values(weights).map((v) => Array.from(v)))
      if (theta(resumed.weights) === theta(whole.weights) && Object.is(resumed.loss, whole.loss)) same++
    }
    t.ok(states.length > 20, `${states.length} states of ${r.start._tag}`)
    t.equal(same, states.length, 'each leads to the same bytes')
  }
  t.end()
})

test('two layers attain the best polynomial of degree 8 at condition numbers near to and far from one', async (t) => {
  for (const kappa of [1.25, 5, 40]) {
    const { weights } = right(await follow(Zoo.twoLayers(kappa))())
    const most = right(sampledOn({ model: Zoo.blockLinear({ layers: 2 }), weights }, ends(kappa))).residual
    const best = bound(8, kappa)
    t.ok(most >= best, `kappa ${kappa}: ${most.toExponential(2)} is no less than ${best.toExponential(2)}`)
    t.ok(most <= 1.6 * best, 'and at most 1.6 times as much, which least squares costs')
  }
  t.end()
})

test('steps that are led back follow an optimum where straight ones lose it', async (t) => {
  const lossOf = async (corrections: number): Promise<number> => {
    const recipe = Zoo.twoLayers(1.25)
    const stages = recipe.stages.map((stage, k) =>
      k === 0 ? stage : ({ ...stage, corrections, path: { from: 5, steps: 8, iterations: 20 } } as Recipe.Stage)
    )
    return right(await follow({ ...recipe, stages })()).loss
  }
  const [straight, led] = [await lossOf(0), await lossOf(10)]
  t.ok(led < straight / 100, `${led.toExponential(1)} against ${straight.toExponential(1)}`)
  t.ok(led < bound(8, 1.25) ** 2, 'which is below the square of the least largest residual')
  t.end()
})

test('layers behind the closed form', (t) => {
  const { model } = right(closedForm({ layers: 4, kappa: 7 }))
  const rest = right(closedForm({ layers: 2, kappa: kappaBehind(2, 7) }))
  const weights = right(behind(model, 7, rest))
  const whole = right(closedForm({ layers: 4, kappa: 7 })).weights
  let furthest = 0
  for (const [name, array] of Object.entries(whole)) {
    for (const [k, value] of array.entries()) furthest = Math.max(furthest, Math.abs(value - weights[name]![k]!))
  }
  t.ok(furthest < 1e-13, `two and two are four: ${furthest}`)
  t.ok(Math.abs(kappaBehind(1, 5) - 1.25) < 1e-14, 'one layer leaves 1.25 of 5')
  const same = left(behind(rest.model, 5, rest))
  t.match(same, /^body: expected fewer than 2 layers behind the closed form, found 2/)
  const wide = { model: Zoo.blockLinear({ layers: 2, identityBlocks: 2 }), weights: {} }
  const first = left(behind(model, 7, { ...wide, weights: { '0.attention.P.mu1': new Float64Array(9) } }))
  t.match(first, /^2\.attention\.P\.mu1: expected as many scalars as in block-linear-2-blocks2/)
  t.match(left(behind(Zoo.blockLinear({ layers: 3, query: 'paper' }), 5, rest)), /^query: expected 'b'/)
  t.end()
})

test('depths are as deep as need be', async (t) => {
  for (const kappa of [1.5, 4, 60, 900]) {
    const layers = depthFor(kappa, 12, false)!
    t.ok(reachOf(layers, kappa, false) <= 5e-6, `kappa ${kappa}: ${layers} layers`)
    t.ok(layers === 1 || reachOf(layers - 1, kappa, false) > 5e-6, 'and no fewer')
    const options = { name: 'x', kappa, seed: 1, eigenvalues: null, sizes: { low: 2, high: 9 } }
    const recipe = recipeFor({ ...options, layers, closedForm: false })
    const { weights } = right(await follow(recipe)())
    const most = right(sampledOn({ model: recipe.model, weights }, ends(kappa))).residual
    const promised = reachOf(layers, kappa, false)
    t.ok(
      most <= promised + 1e-12,
      `${most.toExponential(1)} is left, at most ${promised.toExponential(1)} was foretold`
    )
  }
  t.equal(depthFor(1e12, 8, false), null, 'or out of reach')
  t.end()
})

test('few eigenvalues are within reach of few layers, at any condition number', async (t) => {
  const eigenvalues = Float64Array.of(1e-3, 2e-3, 0.05, 0.3, 1.1, 1.9)
  const kappa = (1.01 * 1.9) / 1e-3
  const units = (2 * kappa) / ((1 + kappa) * 1.01 * 1.9)
  const at = eigenvalues.map((value) => value * units)
  const options = { name: 'x', layers: 3, kappa, seed: 1, closedForm: false, sizes: { low: 6, high: 6 } }
  const left = async (given: readonly number[] | null): Promise<number> => {
    const recipe = recipeFor({ ...options, eigenvalues: given })
    const { weights } = right(await follow(recipe)())
    return right(largestAt({ model: recipe.model, weights }, at)).residual
  }
  const [own, interval] = [await left(Array.from(at)), await left(null)]
  t.ok(
    own < 1e-6 && interval > 0.1,
    `${own.toExponential(1)} is left, and ${interval.toExponential(1)} of the interval's`
  )
  t.end()
})
