/** Mistakes: each gives one sentence on standard error, a documented exit code, and never a stack trace. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { exits } from '../../runtime/cli/exit'
import { Family, FamilyJson } from '../../spec'
import { ansatz, isSentence, root, several } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-cli-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const bridge = 'examples/systems/bridge.mtx'

writeFileSync(at('nan.csv'), '1,nan\n0,1\n')
writeFileSync(at('wide.csv'), '1,2,3\n4,5,6\n')
writeFileSync(at('good.csv'), '2,1\n1,3\n')
writeFileSync(at('b3.csv'), '1\n2\n3\n')
writeFileSync(at('spec.json'), '{"name": "mine", "encoding": {}}')
writeFileSync(at('words.json'), 'not json')
writeFileSync(at('recipe.json'), '{"name": "x"}')
writeFileSync(
  at('sizes.json'),
  JSON.stringify(FamilyJson.encodeFamily(Family.spd({ kappa: 5, sizes: { low: 2, high: 9 } })))
)
const shipped = readFileSync(path.join(root, 'checkpoints/block-linear-2.safetensors'))
const bent = Buffer.from(shipped)
bent[bent.length - 3] = (bent[bent.length - 3] ?? 0) ^ 1
writeFileSync(at('bent.safetensors'), bent)
writeFileSync(at('short.safetensors'), shipped.subarray(0, 100))

const { code: usage } = exits.usage
const { code: input } = exits.input
const { code: model } = exits.model
const { code: backend } = exits.backend

const mistakes: readonly { readonly args: readonly string[]; readonly code: number; readonly says: RegExp }[] = [
  { args: ['solv'], code: usage, says: /unknown command 'solv'[\s\S]*solve/ },
  { args: ['solve', bridge, '--tool', '1'], code: usage, says: /--tool[\s\S]*--tol/ },
  { args: ['solve'], code: usage, says: /missing required argument 'A'/ },
  { args: ['solve', bridge, '--tol', '-1'], code: usage, says: /--tol.*positive number/ },
  { args: ['solve', bridge, '--backend', 'abacus'], code: usage, says: /abacus.*webasm/ },
  { args: ['solve', bridge, '--out', at('x.txt')], code: usage, says: /--out.*format/ },
  { args: ['print', 'block-linear-3', '--phase', 'plans'], code: usage, says: /plans.*kernels/ },
  { args: ['solve', at('nowhere.mtx')], code: input, says: /nowhere\.mtx: there is no such file/ },
  { args: ['solve', at('nan.csv')], code: input, says: /nan\.csv:1: .*not finite/ },
  { args: ['solve', at('wide.csv')], code: input, says: /wide\.csv: A is not square: its shape is 2 x 3/ },
  { args: ['solve', at('good.csv'), at('b3.csv')], code: input, says: /b has the shape 3.*expected 2/ },
  { args: ['solve', at('good.csv'), '--model', 'block-linear-33'], code: model, says: /no model block-linear-33/ },
  {
    args: ['solve', at('good.csv'), '--model', at('bent.safetensors')],
    code: model,
    says: /bent\.safetensors: .*checksum/
  },
  { args: ['solve', at('good.csv'), '--backend', 'headlessgl'], code: backend, says: /headlessgl/ },
  { args: ['print', 'block-liner-3'], code: model, says: /did you mean block-linear-3\?/ },
  { args: ['print', 'polynomial-99999'], code: model, says: /no model 'polynomial-99999'/ },
  { args: ['print', at('spec.json')], code: model, says: /spec\.json: .*expected/ },
  { args: ['print', at('words.json')], code: model, says: /words\.json: .*JSON/ },
  { args: ['print', at('short.safetensors')], code: model, says: /short\.safetensors/ },
  {
    args: ['train', 'block-linear-2x'],
    code: model,
    says: /no recipe 'block-linear-2x'; did you mean block-linear-2\?/
  },
  { args: ['train', at('recipe.json')], code: model, says: /recipe\.json: .*expected/ },
  {
    args: ['train', 'scalar-3', '--resume', 'checkpoints/block-linear-2.safetensors'],
    code: model,
    says: /no run to go on with/
  },
  { args: ['sample'], code: usage, says: /expected a family.*--list/ },
  { args: ['sample', 'difusion'], code: usage, says: /no family 'difusion'; did you mean diffusion\?/ },
  { args: ['sample', 'diffusion', '--out', at('data')], code: usage, says: /--count/ },
  { args: ['sample', 'diffusion', '--count', '3'], code: usage, says: /--out/ },
  { args: ['sample', at('recipe.json'), '--count', '3', '--out', at('data')], code: input, says: /recipe\.json: _tag/ },
  {
    args: ['sample', at('sizes.json'), '--count', '3', '--out', at('data')],
    code: usage,
    says: /sizes\.json: has sizes from 2 to 9; say which with --n/
  },
  {
    args: ['sample', 'spd', '--count', '3', '--out', at('good.csv')],
    code: input,
    says: /good\.csv: .*expected a folder/
  },
  { args: ['sample', 'spd', '--plot', at('x.svg')], code: usage, says: /spd has no picture/ },
  { args: ['sample', 'diffusion', '--plot', at('x.gif')], code: usage, says: /\.svg or \.png/ },
  { args: ['sample', 'diffusion', '--plot', at('no/x.svg')], code: input, says: /its folder does not exist/ },
  { args: ['sample', '--verify', folder], code: input, says: /holds no manifest\.json/ },
  { args: ['train', 'scalar-3', '--data', folder], code: input, says: /holds no manifest\.json/ },
  {
    args: ['train', 'transformer-demo', '--threads', '2'],
    code: model,
    says: /threads: expected 1 on the backend javascript, found 2/
  },
  { args: ['check', 'no-such-model'], code: model, says: /no model 'no-such-model'/ },
  { args: ['models', '__proto__'], code: model, says: /no model '__proto__'/ }
]

test('mistakes of the command line', async (t) => {
  const ran = await several(mistakes, ({ args }) => ansatz(args))
  for (const [k, { args, code, says }] of mistakes.entries()) {
    const { code: got, err, out } = ran[k]!
    const about = args.join(' ').replaceAll(folder, '')
    t.equal(got, code, `${about}: exit code ${code}`)
    t.match(err, says, `${about}: ${err.trim().replaceAll(folder, '').slice(0, 150)}`)
    t.ok(isSentence(err) && out === '', `${about}: one sentence`)
  }
})

const sources = path.join(root, '../shared/matrices/SOURCES.tsv')

test('files that must be rejected', {
  skip: existsSync(sources) ? false : 'the folder of real matrices is not here'
}, async (t) => {
  const rows = readFileSync(sources, 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
  const expect = rows[0]!.indexOf('expect')
  const files = rows.filter((row) => row[expect]?.includes('must reject')).map((row) => row[0] as string)
  const ran = await several(files, (file) => ansatz(['solve', path.join('../shared/matrices', file)]))
  for (const [k, file] of files.entries()) {
    const { code, err } = ran[k]!
    t.ok(code === input && isSentence(err) && err.includes(path.basename(file)), `${file}: ${code}: ${err.trim()}`)
  }
  t.ok(files.length > 20, `${files.length} files`)
})
