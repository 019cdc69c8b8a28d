/**
 * Exported files in ONNX Runtime: every model of the zoo, Algebraformer as it was published, the shipped checkpoints and a closed
 * form, as the command writes them. Every answer agrees with the layer interpreter in float64 to 1e-5 of its largest entry, and
 * with the same equations on `wasm`, in float32, to 1e-5 beside what `wasm` itself is off. ANSATZ_REQUIRE_ONNX=1 fails where there
 * is no ONNX Runtime.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { plan } from '../../codegen/compile'
import { opset } from '../../codegen/targets/onnx/graph'
import { wasm } from '../../codegen/targets/wasm/print'
import { open } from '../../runtime/backends/open'
import { findModel, shippedNames } from '../../runtime/cli/model'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { type Case, makeCase } from '../../runtime/ladder/case'
import { expected, worstSystem } from '../../runtime/onnx/agreement'
import { type OnnxFile, onnxFile, type Precision } from '../../runtime/onnx/file'
import { type Judged, judgedFile, promised } from '../../runtime/onnx/judged'
import { packageRoot } from '../../runtime/package/root'
import * as Key from '../../runtime/random/key'
import { count } from '../../runtime/weights/weights'
import { infer, type Typed } from '../../spec/infer'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { catalogue } from '../../spec/zoo/catalogue'
import { ansatz } from '../cli/run'
import { python, withOnnx } from '../support/python'
import { right } from '../support/right'
import { randomWeights } from '../support/weights'

mkdirSync(path.join(packageRoot(), '.scratch'), { recursive: true })
const folder = mkdtempSync(path.join(packageRoot(), '.scratch/onnx-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const key = Key.key(5)
const batches = [1, 5]

/** From float64 to the float32 that comes out, and as promised. */
const bounds: Readonly<Record<Precision, number>> = { float64: 2e-7, float32: promised }

interface Subject {
  readonly name: string
  /** The one that the command chooses, where that is null. */
  readonly precision: Precision | null
  readonly cases: readonly Case[]
}

interface Answered {
  readonly answers: readonly (readonly number[])[]
  readonly metadata: Readonly<Record<string, string>>
  readonly opset: number
}

interface Asked {
  readonly batches: readonly number[]
  readonly precision: Precision | null
}

const usual: Asked = { batches, precision: null }

const subject = (
  name: string,
  typed: Typed,
  n: number,
  weights: Case['weights'] | null,
  { batches, precision }: Asked = usual
): Subject => ({
  name: `${name}, n = ${n}${precision === null ? '' : ` in ${precision}`}`,
  precision,
  cases: batches.map((batch) => makeCase(typed, n, batch, Key.fold(key, name), weights))
})

const zoo = (): readonly Subject[] =>
  Object.entries(catalogue).flatMap(([name, entry]) =>
    [3, 8].flatMap((n) => {
      const typed = right(infer(entry.model(n)))
      const at = (precision: Precision | null): Subject =>
        subject(name, typed, n, randomWeights(typed, n, 5, 0.4), { batches, precision })
      return n === 3 ? [at(null), at('float64')] : [at(null)]
    })
  )

/** Algebraformer at the size of its paper: 9,511,169 parameters. */
const published = (): Subject => {
  const n = 64
  const typed = right(infer(algebraformer({ n, width: 256, blocks: 12, heads: 8 })))
  return subject('algebraformer', typed, n, null, { batches: [1], precision: 'float32' })
}

const trained = async (): Promise<readonly Subject[]> => {
  const subjects: Subject[] = []
  for (const name of [...(await shippedNames()), 'closed-form-3-kappa-5']) {
    const found = right(await findModel(name, { weights: true }))
    for (const n of [4, 9, 32]) subjects.push(subject(name, right(found.typed(n)), n, found.frozen!.weights))
  }
  return subjects
}

interface Job {
  readonly file: string
  readonly n: number
  readonly cases: readonly { readonly A: readonly number[]; readonly b: readonly number[] }[]
}

const jobOf = (file: string, { cases }: Subject): Job => ({
  file,
  n: cases[0]!.n,
  cases: cases.map(({ A, b }) => ({ A: [...A], b: [...b] }))
})

const fileOf = ({ cases, precision }: Subject): Judged => {
  const { typed, n, weights, key } = cases[0]!
  return right(judgedFile({ typed, n, weights, recipe: null }, precision, Key.fold(key, 'judged')))
}

/** What ONNX Runtime answers, or what Python says instead. */
const ask = async (jobs: readonly Job[]): Promise<readonly Answered[] | string> => {
  const file = path.join(folder, 'jobs.json')
  writeFileSync(file, JSON.stringify(jobs))
  const { code, out, err } = await python([path.join(packageRoot(), 'test/onnx/answers.py'), file])
  return code === 0 ? (JSON.parse(out) as readonly Answered[]) : err
}

/** What our own backend gives, in float32. */
const ours = async (c: Case): Promise<Float32Array> => {
  const runtime = right(await open('wasm')())
  const made = await deviceOf(runtime).compile(right(plan(wasm, { _tag: 'forward' }, c.typed, c.sizes)), {})
  const float32 = Object.entries({ ...c.weights, A: c.A, b: c.b }).map(([name, v]) => [name, Float32Array.from(v)])
  const { x } = await made.run(Object.fromEntries(float32))
  await runtime.close()
  return x!
}

const agree = async (t: test.Test, subjects: readonly Subject[], made: (one: Subject) => OnnxFile): Promise<void> => {
  const files = subjects.map(made)
  const jobs = subjects.map((one, k) => {
    const file = path.join(folder, `${k}.onnx`)
    writeFileSync(file, files[k]!.bytes)
    return jobOf(file, one)
  })
  const answered = await ask(jobs)
  if (typeof answered === 'string') return t.fail(answered)
  for (const [k, { name, cases }] of subjects.entries()) {
    const { metadata } = files[k]!
    const { precision } = metadata
    t.equal(answered[k]!.opset, opset, `${name}: ONNX's checker takes it, opset ${opset}`)
    t.deepEqual(answered[k]!.metadata, metadata, 'it says which model it is')
    for (const [at, c] of cases.entries()) {
      const [want, got, own] = [expected(c), Float64Array.from(answered[k]!.answers[at]!), await ours(c)]
      const [fromLayers, fromWasm] = [worstSystem(c.n, want, got), worstSystem(c.n, Float64Array.from(own), got)]
      const rounded = worstSystem(c.n, want, own)
      const off = [fromLayers, fromWasm, rounded].map((x) => x.toExponential(1))
      t.ok(
        fromLayers < bounds[precision as Precision] && fromWasm < promised + rounded,
        `${name}, ${c.batch} systems: ${off[0]} from the layers computing in ${precision}, ` +
          `${off[1]} from wasm, which is ${off[2]} from the layers`
      )
    }
  }
}

test(
  'the zoo in ONNX Runtime',
  withOnnx(async (t) => agree(t, zoo(), fileOf))
)

test(
  'trained weights in ONNX Runtime',
  withOnnx(async (t) => agree(t, await trained(), fileOf))
)

test(
  'Algebraformer as published in ONNX Runtime',
  withOnnx(async (t) => {
    const one = published()
    t.equal(count(one.cases[0]!.typed, 64), 9_511_169)
    const { typed, n, weights } = one.cases[0]!
    await agree(t, [one], () => right(onnxFile({ typed, n, weights, recipe: null, precision: 'float32' })))
  })
)

test(
  'the script of the page',
  withOnnx(async (t) => {
    const page = readFileSync(path.join(packageRoot(), 'docs/export.md'), 'utf8')
    const command = /^ {4}ansatz (export .* --target onnx .*)$/m.exec(page)?.[1]?.split(' ') ?? []
    const { code } = await ansatz([...command.slice(0, -1), path.join(folder, command.at(-1)!)])
    const script = path.join(folder, 'page.py')
    writeFileSync(script, /^```python\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '')
    const { out, err } = await python([script], { cwd: folder })
    const error = Number(/largest error (\S+)/.exec(out)?.[1])
    t.ok(code === 0 && error < 1e-4, `the page's export, and its answers, to ${error}${err}`)
  })
)

test(
  'a file with a wrong node is noticed',
  withOnnx(async (t) => {
    const typed = right(infer(catalogue['transformer-1-causal']!.model(3)))
    const one = subject('damaged', typed, 3, randomWeights(typed, 3, 5, 0.4))
    const damaged = Buffer.from(fileOf(one).bytes)
    // The last node that adds: the name of an operator and its length, in field 4 of a node.
    const at = damaged.lastIndexOf('\x22\x03Add')
    damaged.write('Sub', at + 2)
    const file = path.join(folder, 'damaged.onnx')
    writeFileSync(file, damaged)
    const answered = await ask([jobOf(file, one)])
    if (typeof answered === 'string') return t.fail(answered)
    const [c] = one.cases
    const off = worstSystem(3, expected(c!), Float64Array.from(answered[0]!.answers[0]!))
    t.ok(at > 0 && off > 1e-3, `it is off by ${off}`)
  })
)
