import test from 'tape'

import { card, render } from '../../runtime/checkpoint/card'
import * as Key from '../../runtime/random/key'
import { initialise } from '../../runtime/weights/initialise'
import { Zoo } from '../../spec'
import { right, typed } from '../support/right'

const recipe = Zoo.blockLinear2
const weights = initialise(typed(recipe.model), 1, Key.key(1))

test('a card says what was trained, where it is valid and what was measured', (t) => {
  const made = right(card(recipe, weights))
  const text = render('block-linear-2', made)
  t.equal(made.parameters, 20)
  t.deepEqual(
    made.measured.map((m) => m.n),
    [2, 9, 16, 32, 64]
  )
  t.ok(
    made.measured.every((m) => m.mse > 0.1),
    'random weights solve nothing'
  )
  t.match(
    text,
    /trained by {2}Levenberg-Marquardt on 60 scalar nodes each for condition number 5, 300 iterations, best of 16/
  )
  t.match(text, /valid for {3}SPD, kappa 5, n \[2, 64\]/)
  t.ok(
    text.split('\n').every((line) => line.length <= 140),
    'lines fit a screen'
  )
  t.end()
})
