/** `ansatz export`: what it writes, what it says, and what it refuses. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { exits } from '../../runtime/cli/exit'
import { Family, Recipe, RecipeJson, Zoo } from '../../spec'
import { ansatz, isSentence, several } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-export-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const onnx = (...args: readonly string[]) => ansatz(['export', ...args, '--target', 'onnx'])

test('an ONNX file', async (t) => {
  const text = await onnx('block-linear-3', '--n', '5', '--out', at('a.onnx'))
  t.ok(
    text.code === 0 && /A \[batch,5,5\], b \[batch,5\] -> x \[batch,5\]/.test(text.out),
    'says what comes in and goes out'
  )
  const json = await onnx('block-linear-3', '--n', '5', '--out', at('b.onnx'), '--json')
  const said = JSON.parse(json.out) as Record<string, unknown>
  const bytes = readFileSync(at('b.onnx'))
  t.equal(said['bytes'], bytes.length, 'its size')
  t.equal(said['checksum'], createHash('sha256').update(bytes).digest('hex'), 'its checksum')
  t.ok((said['deviation'] as number) < 1e-12 && said['opset'] === 18, 'how well the graph agrees')
  t.deepEqual(said['inputs'], [
    { name: 'A', dims: ['batch', 5, 5] },
    { name: 'b', dims: ['batch', 5] }
  ])
  t.deepEqual(bytes, readFileSync(at('a.onnx')), 'the same model, the same bytes')
  t.ok((said['metadata'] as Record<string, unknown>)['recipe'] !== undefined, 'the recipe of a checkpoint is in it')
  const [one, same, other] = await several(['1', '1', '2'], (seed) =>
    onnx('transformer-1-causal', '--n', '3', '--seed', seed, '--out', at(`seed-${seed}.onnx`), '--json')
  )
  t.ok(one!.out === same!.out && one!.code === 0, 'the same seed, the same weights')
  t.notEqual(one!.out, other!.out, 'another seed, others')
})

test('the precision of an ONNX file', async (t) => {
  interface Said {
    readonly precision: string
    readonly rounding: number
    readonly metadata: Readonly<Record<string, string>>
  }
  const said = async (...args: readonly string[]): Promise<Said> =>
    JSON.parse((await onnx(...args, '--n', '9', '--out', at('p.onnx'), '--json')).out) as Said
  const usual = await said('block-linear-3')
  t.ok(usual.precision === 'float32' && usual.rounding > 1e-8 && usual.rounding < 2e-6, 'float32 where it is enough')
  const wide = await said('block-linear-4-universal')
  t.ok(wide.precision === 'float64' && wide.rounding < 1e-7, 'float64 where rounding in float32 moves answers')
  t.equal(wide.metadata['precision'], 'float64', 'the file says so')
  const asked = await said('block-linear-4-universal', '--precision', 'float32')
  t.ok(asked.precision === 'float32' && asked.rounding > 2.5e-6, 'or as it is told')
  const text = await onnx('block-linear-4-universal', '--precision', 'float32', '--n', '9', '--out', at('p.onnx'))
  t.ok(/may lose more than 1.0e-5: --precision float64/.test(text.out), 'and says what that costs')
})

test('what cannot be exported', async (t) => {
  const spec = await ansatz(['print', 'full-linear-3-learned', '--n', '4', '--json'])
  writeFileSync(at('four.json'), spec.out)
  const cases = [
    [['block-linear-3', '--out', at('x.onnx')], exits.usage.code, /say which, such as --n 16/],
    [[at('four.json'), '--n', '5', '--out', at('x.onnx')], exits.model.code, /made for n = 4 .* n = 5/],
    [['no-such-model', '--n', '5', '--out', at('x.onnx')], exits.model.code, /no model 'no-such-model'/],
    [['block-linear-3', '--n', '5', '--out', at('no/x.onnx')], exits.input.code, /no such file or folder/],
    [['block-linear-3', '--n', '5'], exits.usage.code, /--out/],
    [['full-linear-2', '--n', '8000', '--out', at('x.onnx')], exits.model.code, /GiB .* n = 8000, .* less than 2 GiB/],
    [['block-linear-3', '--n', '5', '--out', at('x.onnx'), '--systems'], exits.usage.code, /trains nothing/]
  ] as const
  for (const [args, code, pattern] of cases) {
    const { code: found, err, out } = await onnx(...args)
    t.ok(found === code && isSentence(err) && pattern.test(err) && out === '', err.trim())
  }
  t.notOk(existsSync(at('x.onnx')), 'and nothing is written')
  const four = await onnx(at('four.json'), '--out', at('four.onnx'))
  t.ok(four.code === 0 && /n = 4/.test(four.out), 'a model that is made for one n needs no --n')
  const target = await ansatz(['export', 'block-linear-3', '--out', at('x.onnx'), '--target', 'fortran'])
  t.ok(target.code === exits.usage.code && isSentence(target.err), target.err.trim())
})

test('a training program is refused with a sentence', async (t) => {
  const adam = (sizes: number) =>
    Recipe.make({
      name: 'mine',
      model: Zoo.blockLinear({ layers: 2, identityBlocks: 1 }),
      start: Recipe.random(),
      stages: [
        Recipe.adam({
          family: Family.spd({ kappa: 5, sizes }),
          steps: 10,
          batch: 4,
          rate: { peak: 1e-2, warmup: 2, decay: 'none' }
        })
      ],
      seed: 1,
      valid: Family.spd({ kappa: 5, sizes })
    })
  writeFileSync(at('adam-5.json'), JSON.stringify(RecipeJson.encodeRecipe(adam(5))))
  writeFileSync(at('file'), '')
  const to = ['--target', 'jax', '--out', at('program')]
  const five = ['--recipe', at('adam-5.json')]
  const cases = [
    [['block-linear-3', ...to], exits.usage.code, /expected --recipe/],
    [['block-linear-3', ...to, ...five, '--n', '5'], exits.usage.code, /not --n/],
    [['block-linear-3', ...to, ...five, '--precision', 'float64'], exits.usage.code, /--dtype/],
    [['block-linear-3', ...to, '--recipe', 'no-such-recipe'], exits.model.code, /no recipe 'no-such-recipe'/],
    [['block-linear-3', ...to, '--recipe', 'block-linear-3'], exits.model.code, /one stage of Adam, found scalarNodes/],
    [[at('four.json'), ...to, ...five], exits.model.code, /n = 5.* n = 4|n = 4.* n = 5/],
    [['full-linear-2', ...to, ...five], exits.model.code, /depends on n/],
    [['block-linear-3', '--target', 'jax', ...five, '--out', at('file')], exits.input.code, /file/]
  ] as const
  await several(cases, async ([args, code, pattern]) => {
    const { code: found, err, out } = await ansatz(['export', ...args])
    t.ok(found === code && isSentence(err) && pattern.test(err) && out === '', `${found}: ${err.trim()}`)
  })
  t.notOk(existsSync(at('program')), 'and nothing is written')
})
