/** Printed programs as texts: the expected ones, and what no program may hold. */
import test from 'tape'
import { adamW } from '../../codegen/rules/optimiser'
import { printModel } from '../../codegen/targets/jax/print'
import { updateText } from '../../codegen/targets/jax/update'
import { programFiles, stageOf } from '../../runtime/jax/files'
import { begin } from '../../runtime/train/train'
import { infer } from '../../spec/infer'
import type * as R from '../../spec/recipe'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { catalogue } from '../../spec/zoo/catalogue'
import { golden } from '../golden/golden'
import { right } from '../support/right'
import { recipe, stage, typed } from './program'

const typedOf = (name: string, n = 4) => right(infer(catalogue[name]!.model(n)))

test('printed programs are the expected texts', (t) => {
  for (const name of ['block-linear-2', 'transformer-2']) golden(t, `jax/${name}`, printModel(typedOf(name)))
  golden(t, 'jax/adamw', updateText(typedOf('block-linear-2'), { ...adamW(0.01), clip: 1 }))
  t.end()
})

test('a model that fits every n has one text, and a rule that is used twelve times is one function', (t) => {
  t.equal(printModel(typedOf('block-linear-3', 2)), printModel(typedOf('block-linear-3', 7)), 'n stays a symbol')
  const deep = printModel(right(infer(algebraformer({ n: 4, width: 8, blocks: 12, heads: 2 }))))
  const functions = [...deep.matchAll(/^def (\w+)/gm)].map((m) => m[1])
  t.deepEqual(
    functions.filter((name) => /_\d+$/.test(name!)),
    [],
    `${functions.length} functions, none twice`
  )
  t.equal(deep.match(/= softmax_attention\(/g)?.length, 12, 'twelve calls of softmax_attention')
  t.equal(deep.match(/jax\.\w*(grad|vjp|jvp|jac)\w*/), null, 'no automatic differentiation')
  t.end()
})

test('programs are refused with a sentence', (t) => {
  const refused = (r: R.Recipe, sentence: RegExp): void => {
    const found = stageOf(r, right(infer(r.model)))
    t.ok(found._tag === 'Left' && sentence.test(found.left), found._tag === 'Left' ? found.left : 'accepted')
  }
  refused({ ...recipe, stages: [stage, stage] }, /expected one stage of Adam, found adam, adam/)
  refused({ ...recipe, model: catalogue['transformer-2']!.model(5) }, /made for n = 5/)
  refused({ ...recipe, model: catalogue['full-linear-2']!.model(4) }, /depends on n/)
  t.end()
})

test('names of people never become Python', async (t) => {
  const name = 'x"\n"""\nimport os\u2028'
  const wild = { ...recipe, name, model: { ...recipe.model, name } }
  const files = right(programFiles(wild, typed, right(await begin(recipe)())))
  const text = String(files['train.py'])
  t.ok(!text.includes('\nimport os\u2028') && !text.includes('\u2028'), 'they stand in literals, escaped')
  t.end()
})
