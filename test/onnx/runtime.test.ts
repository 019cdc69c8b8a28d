/**
 * Exported files in ONNX Runtime: every model of the zoo, the shipped checkpoints and a closed form, against the layer
 * interpreter in float64 and against the same equations on `wasm`, to 1e-5 of every answer, or, for weights that cancel so much
 * that float32 keeps less, to four times what `wasm` is off. ANSATZ_REQUIRE_ONNX=1 fails where there is no ONNX Runtime.
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
import { distance, expected } from '../../runtime/onnx/agreement'
import { onnxFile } from '../../runtime/onnx/file'
import { packageRoot } from '../../runtime/package/root'
import * as Key from '../../runtime/random/key'
import { infer, type Typed } from '../../spec/infer'
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
const most = 1e-5

interface Subject {
  readonly name: string
  readonly cases: readonly Case[]
}

interface Answered {
  readonly answers: readonly (readonly number[])[]
  readonly metadata: Readonly<Record<string, string>>
  readonly opset: number
}

const subject = (name: string, typed: Typed, n: number, weights: Case['weights']): Subject => ({
  name: `${name}, n = ${n}`,
  cases: batches.map((batch) => makeCase(typed, n, batch, Key.fold(key, name), weights))
})

const zoo = (): readonly Subject[] =>
  Object.entries(catalogue).flatMap(([name, entry]) =>
    [3, 8].map((n) => {
      const typed = right(infer(entry.model(n)))
      return subject(name, typed, n, randomWeights(typed, n, 5, 0.4))
    })
  )

const trained = async (): Promise<readonly Subject[]> => {
  const subjects: Subject[] = []
  for (const name of [...(await shippedNames()), 'closed-form-3-kappa-5']) {
    const found = right(await findModel(name, { weights: true }))
    for (const n of [4, 9, 32]) subjects.push(subject(name, right(found.typed(n)), n, found.frozen!.weights))
  }
  return subjects
}

/** The largest relative difference of a system's answer. */
const worst = (c: Case, want: Float64Array, got: ArrayLike<number>): number =>
  Math.max(
    ...Array.from({ length: c.batch }, (_, s) => {
      const [from, to] = [s * c.n, (s + 1) * c.n]
      return distance(want.subarray(from, to), Array.from(got).slice(from, to))
    })
  )

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

const bytesOf = ({ cases }: Subject): Uint8Array => {
  const { typed, n, weights } = cases[0]!
  return right(onnxFile({ typed, n, weights, recipe: null })).bytes
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

/** `rounding` is how many times as far as our own float32 an answer may be, where that is beyond the bound itself. */
const agree = async (t: test.Test, subjects: readonly Subject[], rounding: number): Promise<void> => {
  const jobs = subjects.map((one, k) => {
    const file = path.join(folder, `${k}.onnx`)
    writeFileSync(file, bytesOf(one))
    return jobOf(file, one)
  })
  const answered = await ask(jobs)
  if (typeof answered === 'string') return t.fail(answered)
  for (const [k, { name, cases }] of subjects.entries()) {
    t.equal(answered[k]!.opset, opset, `${name}: ONNX's checker takes it, opset ${opset}`)
    t.equal(answered[k]!.metadata['model'], cases[0]!.typed.model.name, 'it says which model it is')
    for (const [at, c] of cases.entries()) {
      const [want, got, own] = [expected(c), answered[k]!.answers[at]!, await ours(c)]
      const [fromLayers, fromWasm] = [worst(c, want, got), worst(c, Float64Array.from(own), got)]
      const off = `${fromLayers.toExponential(1)} from the layers, ${fromWasm.toExponential(1)} from wasm`
      const bound = Math.max(most, rounding * worst(c, want, own))
      t.ok(fromLayers < bound && fromWasm < bound, `${name}, ${c.batch} systems: ${off}`)
    }
  }
}

test(
  'the zoo in ONNX Runtime',
  withOnnx(async (t) => agree(t, zoo(), 0))
)

test(
  'trained weights in ONNX Runtime',
  withOnnx(async (t) => agree(t, await trained(), 4))
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
    const damaged = Buffer.from(bytesOf(one))
    // The last node that adds: the name of an operator and its length, in field 4 of a node.
    const at = damaged.lastIndexOf('\x22\x03Add')
    damaged.write('Sub', at + 2)
    const file = path.join(folder, 'damaged.onnx')
    writeFileSync(file, damaged)
    const answered = await ask([jobOf(file, one)])
    if (typeof answered === 'string') return t.fail(answered)
    const [c] = one.cases
    const off = worst(c!, expected(c!), answered[0]!.answers[0]!)
    t.ok(at > 0 && off > 1e-3, `it is off by ${off}`)
  })
)
