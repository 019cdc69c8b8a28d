/** `ansatz train spectral` as people call it, on real matrices: ../shared/matrices. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { exits } from '../../runtime/cli/exit'
import { ansatz, isSentence, root, several } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-spectral-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

interface Told {
  readonly target: { readonly n: number; readonly kappa: number }
  readonly layers: number
  readonly guarantee: { readonly factor: number; readonly proved: boolean; readonly rounding: number | null }
  readonly measured: {
    readonly operator: { readonly residual: number } | null
    readonly runs: { readonly largest: number; readonly random: number } | null
  }
  readonly holds: boolean
}

const told = (out: string): Told => JSON.parse(out) as Told

const shared = path.join(root, '..', 'shared', 'matrices')
const absent = existsSync(shared) ? false : 'the folder ../shared/matrices is absent'
const long = process.env['ANSATZ_LONG'] === '1'

/** Nine hundred unknowns take half a minute. */
const large = ['pyamg_local_disc_galerkin_diffusion.mtx']
/** No eight layers reach condition numbers of 6e7 and 6e12. */
const beyond = ['ex5.mtx', 'hilbert_real_symmetric_array_10.mtx']

const given = (name: string): readonly string[] =>
  readdirSync(path.join(shared, name))
    .filter((file) => !file.includes('.rhs.') && (long || !large.includes(file)))
    .map((file) => path.join(shared, name, file))

test('every positive definite file gets a model as good as its guarantee, or a sentence', {
  skip: absent
}, async (t) => {
  const files = [...given('spd-small'), ...given('spd-medium')]
  const all = await several(
    files,
    (file) =>
      ansatz(['train', 'spectral', '--from', file, '--json', '--out', at(`${path.basename(file)}.safetensors`)]),
    2
  )
  for (const [k, file] of files.entries()) {
    const { code, out, err } = all[k]!
    const name = path.basename(file)
    if (beyond.includes(name)) {
      t.equal(code, exits.model.code, `${name}: exit code 6`)
      t.match(err, /its spectrum is out of reach of 8 layers, .*; 1[0-9] layers would do\n$/, err.trim())
      continue
    }
    const { layers, guarantee, measured, holds } = told(out)
    const runs = measured.runs?.largest ?? Infinity
    const words = `${layers} layers, guarantee ${guarantee.factor.toExponential(1)}, measured ${runs.toExponential(1)}`
    t.equal(code, exits.done.code, `${name}: ${words}`)
    t.ok(holds && guarantee.proved, 'proved, and it holds')
    t.ok(guarantee.factor <= 5e-6 && runs <= 5e-6, 'and it is a solver')
    t.ok(runs >= (measured.runs?.random ?? Infinity), 'turning towards the worst finds no less than chance')
  }
  t.end()
})

test('a spectral model solves the matrix that it was made for', async (t) => {
  const bridge = 'examples/systems/bridge.mtx'
  const made = await ansatz(['train', 'spectral', '--from', bridge, '--out', at('bridge.safetensors'), '--json'])
  t.equal(made.code, exits.done.code, made.err)
  const solved = await ansatz(['solve', bridge, '--model', at('bridge.safetensors'), '--json'])
  t.equal(solved.code, exits.done.code, solved.err)
  t.match(solved.out, /"status": "certified"/, 'certified')
  const again = await ansatz(['train', 'spectral', '--from', bridge, '--out', at('again.safetensors'), '--json'])
  const { measured } = told(again.out)
  t.deepEqual(measured, told(made.out).measured, 'the same seed, the same numbers')
  const text = await ansatz(['train', 'spectral', '--from', bridge, '--out', at('bridge.safetensors')])
  for (const word of ['guarantee', 'measured', 'condition number', 'solve with them'])
    t.ok(text.out.includes(word), word)
  const shown = await ansatz(['models', at('bridge.safetensors')])
  t.match(shown.out, /the interval of bridge\.mtx with a unit diagonal/, 'its card says what it is for')
  t.end()
})

test('intervals, closed forms and eigenvalues', async (t) => {
  writeFileSync(at('values.csv'), '1\n2\n700\n1000\n')
  const cases = [
    ['--interval', '1,50'],
    ['--interval', '1,50', '--closed-form', '--layers', '4'],
    ['--eigenvalues', at('values.csv'), '--layers', '3']
  ] as const
  const ran = await several(cases, (args) =>
    ansatz(['train', 'spectral', ...args, '--json', '--out', at(`${args.length}.safetensors`)])
  )
  const [trained, closed, values] = ran.map(({ out }) => told(out))
  t.equal(trained!.layers, 4, 'four layers for 50')
  const z = 51 / 49
  const best = (degree: number): number => 1 / Math.cosh(degree * Math.acosh(z))
  t.ok(Math.abs(closed!.guarantee.factor / best(54) - 1) < 0.03, 'the closed form is the Chebyshev polynomial')
  t.ok(
    trained!.guarantee.factor < 1.6 * best(72) && trained!.guarantee.factor >= best(72),
    'two trained layers go further'
  )
  t.ok(values!.guarantee.factor < 1e-6, `four eigenvalues at kappa 1010: ${values!.guarantee.factor.toExponential(1)}`)
  t.end()
})

test('what is not meant is refused with a sentence', async (t) => {
  writeFileSync(at('indefinite.csv'), '1,2\n2,1\n')
  writeFileSync(at('skew.csv'), '1,2\n3,1\n')
  writeFileSync(at('negative.csv'), '1\n-2\n')
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], exits.usage.code, /expected one of --from, --interval and --eigenvalues, found none/],
    [['--interval', '1,2', '--from', 'A.mtx'], exits.usage.code, /found 2/],
    [['--interval', '1'], exits.usage.code, /expected two numbers/],
    [['--interval', '2,1'], exits.usage.code, /expected 0 < low < high/],
    [['--interval', '1,2', '--on', 'eigenvalues'], exits.model.code, /expected all eigenvalues to be known/],
    [['--interval', '1,1e4', '--layers', '2'], exits.model.code, /out of reach of 2 layers, .*; [67] layers would do/],
    [['--from', at('indefinite.csv')], exits.model.code, /indefinite\.csv: A is not positive definite/],
    [['--from', at('skew.csv')], exits.model.code, /skew\.csv: A is not symmetric/],
    [['--from', at('nowhere.csv')], exits.input.code, /nowhere\.csv/],
    [['--eigenvalues', at('negative.csv')], exits.input.code, /expected positive eigenvalues, found -2 at entry 2/],
    [['--eigenvalues', at('negative.csv'), '--on', 'eigenvalues', '--closed-form'], exits.usage.code, /no closed form/]
  ]
  const ran = await several(cases, ([args]) => ansatz(['train', 'spectral', ...args]))
  for (const [k, [args, code, sentence]] of cases.entries()) {
    const { err } = ran[k]!
    t.equal(ran[k]!.code, code, `${args.join(' ') || 'nothing'}: ${code}`)
    t.ok(isSentence(err) && sentence.test(err), err.trim())
  }
  t.end()
})

test('help', async (t) => {
  const { code, out } = await ansatz(['train', 'spectral', '--help'])
  t.ok(code === 0 && out.includes('$ ansatz train spectral --from A.mtx') && out.includes('--json'), 'has an example')
  t.end()
})
