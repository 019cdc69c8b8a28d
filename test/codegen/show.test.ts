/** What is printed of a model is true: the derivation, run line by line, gives the answer and the gradients. */

import * as E from 'fp-ts/Either'
import test from 'tape'
import { lowerTo } from '../../codegen/compile'
import type { Equations, Tensor } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { showPhase } from '../../codegen/show'
import { derivation } from '../../codegen/show/equations'
import type { Line, Section } from '../../codegen/show/section'
import { gpujsWebasm } from '../../codegen/targets/gpujs'
import { wasm } from '../../codegen/targets/wasm/print'
import { wgsl } from '../../codegen/targets/wgsl'
import { evaluate, interpret } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import { initialise } from '../../runtime/weights/initialise'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import * as Tree from '../../spec/tree'
import { catalogue } from '../../spec/zoo/catalogue'
import { golden } from '../golden/golden'

const judged = (model: Model): I.Typed => {
  const typed = I.infer(model)
  if (E.isLeft(typed)) throw new Error(I.show(typed.left))
  return typed.right
}

const sizes = { n: 3, batch: 2 }

type Arrays = Record<string, Float64Array>

/** Runs lines of a section in order: every name is an array of `at`, and what a line defines becomes one. */
const runLines = (lines: readonly Line[], at: Arrays, dims: Record<string, Tensor['dims']>): void => {
  for (const line of lines) {
    dims[line.defines] = line.over.map((i) => i.dim)
    const tensors = Object.fromEntries(
      Object.entries(dims).map(([name, d]): [string, Tensor] => [name, { name, dims: d, role: 'data' }])
    )
    const e: Equations = { name: '', tensors, equations: [], outputs: [], updates: [] }
    const about = { rule: '', part: 'forward', path: '', labels: {} } as const
    at[line.defines] = evaluate(e, { ...about, ...line }, sizes, at)
  }
}

/** Every array that a section reads and does not define. */
const given = (lines: readonly Line[]): readonly string[] => {
  const own = new Set(lines.map((l) => l.defines))
  return [...new Set(lines.flatMap((l) => X.tensors(l.value)))].filter((name) => !own.has(name))
}

/** The axes of a read, as its dims: what the lines say of arrays that come from outside. */
const dimsFor = (names: readonly string[], known: Record<string, Tensor['dims']>): Record<string, Tensor['dims']> =>
  Object.fromEntries(names.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]])))

const close = (a: Float64Array, b: Float64Array): number => {
  const size = Math.max(...b.map(Math.abs), 1e-300)
  return Math.max(...a.map((v, k) => Math.abs(v - (b[k] ?? Number.NaN)))) / size
}

const sumOverSystems = (each: Float64Array): Float64Array => {
  const own = each.length / sizes.batch
  return Float64Array.from({ length: own }, (_, k) =>
    Array.from({ length: sizes.batch }, (_s, s) => each[s * own + k] ?? 0).reduce((p, q) => p + q, 0)
  )
}

/** BLOCK models without encodings of their own: `X'` and `b'` of a layer are `X` and `b` of the next. */
for (const name of ['block-linear-3', 'block-linear-3-paper', 'block-linear-2-over-n', 'block-linear-2-heads']) {
  test(`the derivation of ${name} is true`, (t) => {
    const typed = judged(catalogue[name]!.model(sizes.n))
    const key = Key.key(7)
    const draw = (label: string, length: number): Float64Array => Key.normal(Key.fold(key, label), length)
    const { n, batch } = sizes
    const data: Arrays = { A: draw('A', batch * n * n), b: draw('b', batch * n), dx: draw('dx', batch * n) }
    const weights = initialise(typed, n, Key.fold(key, 'weights'))
    const e = lowerTo({ _tag: 'vjp' }, typed)
    const expected = interpret(e, sizes, { ...data, ...weights })
    const shape = (tensor: string): Tensor['dims'] => e.tensors[tensor]?.dims ?? []

    const all = derivation(typed)
    const [encoding, readout] = [all[0] as Section, all.at(-1) as Section]
    const layers = all.slice(1, -1)
    const squeezed = (dims: Tensor['dims']): Tensor['dims'] =>
      dims.filter((d) => JSON.stringify(d.terms) !== '[{"coefficient":1,"symbols":[]}]')

    const first: Arrays = { ...data }
    const dims: Record<string, Tensor['dims']> = { A: shape('A'), b: shape('b'), dx: shape('dx') }
    runLines(encoding.forward, first, dims)
    let tokens: Arrays = { X: first['X']!, b: first['bhat']! }
    const tokenDims = { X: dims['X']!, b: dims['bhat']! }

    const memory: {
      readonly at: Arrays
      readonly dims: Record<string, Tensor['dims']>
      readonly names: readonly string[]
    }[] = []
    for (const [k, layer] of layers.entries()) {
      const names = typed.parameters.map((p) => p.name).filter((p) => p.startsWith(`${k}.`))
      const label = (p: string): string => p.split('.').slice(-2).join('_')
      const at: Arrays = { ...tokens, ...Object.fromEntries(names.map((p) => [label(p), weights[p]!])) }
      const own = { ...tokenDims, ...Object.fromEntries(names.map((p) => [label(p), squeezed(shape(p))])) }
      runLines(layer.forward, at, own)
      memory.push({ at, dims: own, names })
      tokens = { X: at["X'"]!, b: at["b'"]! }
    }
    const last: Arrays = { ...data, ...tokens, ...(first['norm'] === undefined ? {} : { norm: first['norm'] }) }
    const lastDims = { ...dimsFor(['dx', 'norm'], dims), ...tokenDims }
    runLines(readout.forward, last, lastDims)
    t.ok(close(last['x']!, expected['x']!) < 1e-12, `the answer, to ${close(last['x']!, expected['x']!)}`)

    runLines(readout.vjp, last, lastDims)
    let above: Arrays = { "dX'": last['dX']! }
    for (const [k, layer] of [...layers.entries()].reverse()) {
      const { at, dims: own, names } = memory[k]!
      Object.assign(at, above)
      own["dX'"] = tokenDims.X
      own["db'"] = tokenDims.b
      const unknown = given(layer.vjp).filter((g) => at[g] === undefined)
      t.deepEqual(unknown, [], `layer ${k}: every name is defined`)
      runLines(layer.vjp, at, own)
      above = { "dX'": at['dX']!, ...(at['db'] === undefined ? {} : { "db'": at['db'] }) }
      for (const p of names) {
        const each = at[`d${p.split('.').slice(-2).join('_')}`]
        const want = expected[`d(${p})`]!
        if (each === undefined)
          t.ok(
            want.every((v) => v === 0),
            `d(${p}) is zero`
          )
        else t.ok(close(sumOverSystems(each), want) < 1e-11, `d(${p}), to ${close(sumOverSystems(each), want)}`)
      }
    }
    t.end()
  })
}

/** Models that are held to their printed texts, whole. */
const printed: Readonly<Record<string, readonly ('equations' | 'plan' | 'kernels')[]>> = {
  'block-linear-3': ['equations', 'plan', 'kernels'],
  'transformer-1-causal': ['equations', 'plan']
}

test('models in print', (t) => {
  for (const [name, phases] of Object.entries(printed)) {
    const typed = judged(catalogue[name]!.model(9))
    for (const phase of phases) {
      const text = showPhase(phase, { _tag: 'vjp' }, typed, { n: 9, batch: 1000 })
      if (E.isLeft(text)) t.fail(text.left)
      else golden(t, `print/${name}-${phase}`, text.right)
    }
    golden(t, `print/${name}-tree`, Tree.showTyped(typed))
    const schedule = showPhase('schedule', { _tag: 'vjp' }, typed, { n: 9, batch: 1000 }, gpujsWebasm)
    if (E.isLeft(schedule)) t.fail(schedule.left)
    else golden(t, `print/${name}-schedule`, schedule.right)
    for (const target of [wasm, wgsl]) {
      const own = showPhase('schedule', { _tag: 'vjp' }, typed, { n: 9, batch: 1000 }, target)
      if (E.isLeft(own)) t.fail(own.left)
      else golden(t, `print/${name}-schedule-${target.name}`, own.right)
    }
  }
  t.end()
})

test('recurrent cells in print, every step written out, and systems scaled and taken apart', (t) => {
  for (const name of ['lstm-1', 'gru-2', 'entries-1']) {
    const text = showPhase('equations', { _tag: 'vjp' }, judged(catalogue[name]!.model(2)), { n: 2, batch: 5 })
    if (E.isLeft(text)) t.fail(text.left)
    else golden(t, `print/${name}-equations`, text.right)
  }
  t.end()
})

test('every model of the zoo prints in every phase, on lines that fit a page', (t) => {
  for (const [name, { model }] of Object.entries(catalogue)) {
    const typed = judged(model(9))
    for (const phase of ['equations', 'plan', 'schedule', 'kernels'] as const) {
      const text = showPhase(phase, { _tag: 'vjp' }, typed, { n: 9, batch: 4 })
      t.ok(
        E.isRight(text) && text.right.length > 200 && !/undefined|NaN|\[object/.test(text.right),
        `${name}: ${phase}`
      )
    }
  }
  const page = showPhase('equations', { _tag: 'vjp' }, judged(catalogue['block-linear-3']!.model(9)), {
    n: 9,
    batch: 4
  })
  const widest = E.isRight(page) ? Math.max(...page.right.split('\n').map((l) => l.length)) : Number.NaN
  t.ok(widest <= 120, `the widest line of equations has ${widest} columns`)
  t.end()
})
