/** A trained Algebraformer as a file: `solve`, `models`, `print` and `check` take it as any other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { exits } from '../../runtime/cli/exit'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { Family, Recipe, Zoo } from '../../spec'
import { encodeRecipe } from '../../spec/recipe-json'
import { normals } from '../support/systems'
import { ansatz, isSentence } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-columns-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const n = 4
const family = Family.diffusion({ sizes: n })
const recipe = Recipe.make({
  name: 'tiny-diffusion',
  model: Zoo.algebraformer({ n, width: 16, blocks: 1, heads: 2, equilibrate: 8, std: 0.2 }),
  start: Recipe.random(),
  stages: [Recipe.adam({ family, steps: 200, batch: 32, rate: { peak: 5e-3, warmup: 20, decay: 'cosine' } })],
  seed: 1,
  valid: family
})
const model = at('tiny.safetensors')

const matrixFile = (name: string, A: ArrayLike<number>, size: number): string => {
  const rows = Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => A[i * size + j]).join(','))
  writeFileSync(at(name), `${rows.join('\n')}\n`)
  return at(name)
}

test('a network of a boundary value problem, from its recipe to an answer', async (t) => {
  writeFileSync(at('recipe.json'), JSON.stringify(encodeRecipe(recipe)))
  const trained = await ansatz(['train', at('recipe.json'), '--backend', 'wasm', '--out', model])
  t.equal(trained.code, 0, trained.err)

  const own = matrixFile('own.csv', draw(family, Key.key(9), { n, batch: 1 }).A, n)
  const inside = JSON.parse((await ansatz(['solve', own, '--model', model, '--json'])).out)
  t.equal(inside.status, 'certified', inside.explanation.join(' '))
  t.match(inside.model.trainedOn, /^diffusion by collocation, n 4/)
  t.notOk(/not trained/.test(inside.explanation.join(' ')), 'nothing against a system of its family')

  const other = matrixFile('other.csv', normals(5, n * n), n)
  const outside = await ansatz(['solve', other, '--model', model])
  t.equal(outside.code, 0, outside.err)
  t.match(outside.out, /certified/, 'solved all the same')
  t.match(outside.out.replace(/\s+/g, ' '), /A is the matrix of no such problem: it was not trained for such systems/)
  t.match(outside.out, /trained on diffusion by collocation/, 'its purpose in place of a condition number')

  const raw = JSON.parse((await ansatz(['solve', own, '--model', model, '--propose-only', '--json'])).out)
  t.deepEqual([raw.status, raw.path, raw.passes], ['proposed', 'neural', 1])

  const small = await ansatz(['solve', matrixFile('small.csv', [1, 0, 0, 1], 2), '--model', model])
  t.equal(small.code, exits.model.code, 'made for another size')
  t.ok(isSentence(small.err), small.err.trim())
  t.match(small.err, /is made for systems of 4 unknowns, found 2/)

  const card = await ansatz(['models', model])
  t.match(card.out, /valid for +diffusion by collocation, n 4/, 'its card')
  const measured = JSON.parse(
    (await ansatz(['evaluate', model, '--systems', '100', '--backend', 'wasm', '--json'])).out
  )
  t.deepEqual([measured.systems, measured.backend], [100, 'wasm'], measured.family)
  t.ok(measured.relative.median < 0.9 && measured.relative.median > 1e-3, `relative error ${measured.relative.median}`)
  t.ok(measured.mse > 0 && measured.backward > 0, `MSE ${measured.mse}, backward error ${measured.backward}`)
  const nothing = await ansatz(['evaluate', 'transformer-2'])
  t.equal(nothing.code, exits.model.code, nothing.err.trim())
  t.ok(isSentence(nothing.err), 'a sentence')
  const tree = await ansatz(['print', model])
  t.match(tree.out, /equilibrate/, 'its tree')
  const ladder = await ansatz(['check', model, '--backend', 'cpu'])
  t.equal(ladder.code, 0, ladder.out.split('\n').at(-2))
})
