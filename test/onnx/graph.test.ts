/** ONNX graphs: every model of the zoo against the layer interpreter, reads of every kind, planted faults, bytes. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import { equations } from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { encode } from '../../codegen/targets/onnx/encode'
import { type Graph, type Node, show } from '../../codegen/targets/onnx/graph'
import { print } from '../../codegen/targets/onnx/print'
import { interpret } from '../../runtime/equations/interpret'
import { makeCase } from '../../runtime/ladder/case'
import { agreement, distance } from '../../runtime/onnx/agreement'
import { evaluate } from '../../runtime/onnx/evaluate'
import * as Key from '../../runtime/random/key'
import * as Dim from '../../spec/dim'
import { infer, type Typed } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { golden } from '../golden/golden'
import { right } from '../support/right'
import { randomWeights } from '../support/weights'

const key = Key.key(11)
const sizes = [2, 5]

const graphOf = (typed: Typed, n: number): Graph => print(right(equations({ _tag: 'forward' }, typed)), n)

const models = Object.entries(catalogue).flatMap(([name, entry]) =>
  sizes.map((n) => ({ name, n, typed: right(infer(entry.model(n))) }))
)

test('graphs of the zoo say what the layers say, in float64', (t) => {
  for (const { name, n, typed } of models) {
    const off = agreement(graphOf(typed, n), typed, n, randomWeights(typed, n, 5, 0.4), key).deviation
    t.ok(off < 1e-12, `${name}, n = ${n}: ${off.toExponential(1)}`)
  }
  t.end()
})

// --- reads -----------------------------------------------------------------------------------------------------------

const s = X.index('s', Dim.batch)
const j = X.index('j', Dim.n)
const [A, b] = [X.tensor('A'), X.tensor('b')]
const n = 4

/** `x[s,j]` by a formula in A and b. */
const formula = (name: string, value: X.Expr): Equations => ({
  name,
  tensors: {
    A: { name: 'A', dims: [Dim.batch, Dim.n, Dim.n], role: 'data' },
    b: { name: 'b', dims: [Dim.batch, Dim.n], role: 'data' },
    x: { name: 'x', dims: [Dim.batch, Dim.n], role: 'value' }
  },
  equations: [{ defines: 'x', over: [s, j], value, rule: name, part: 'forward', path: '', labels: {} }],
  outputs: ['x'],
  updates: []
})

const k = X.index('k', Dim.n)
const m = X.index('m', Dim.n)
const packed = X.index('p', Dim.times(Dim.n, Dim.n))
const apart = (of: X.Index) => [X.quotient(of, Dim.n), X.remainder(of, Dim.n)] as const

const formulas: Readonly<Record<string, X.Expr>> = {
  reversed: b(s, X.minus(Dim.n, 1)),
  'from the last': b(s, X.plus(X.timesBy(j, -1), Dim.subtract(Dim.n, 1))),
  'a diagonal': A(s, j, j),
  'the other diagonal': A(s, X.plus(X.timesBy(j, -1), Dim.subtract(Dim.n, 1)), j),
  'a column': A(s, j, 1),
  'beyond a condition': X.below(j, 2, b(s, X.plus(j, 2)), b(s, X.minus(j, 2))),
  'one place among others': X.equal(j, 2, b(s, 0), A(s, j, j)),
  'three cases': X.below(j, 1, b(s, j), X.below(j, 3, A(s, j, 0), X.multiply(2, b(s, j)))),
  'a triangle': X.sum([k], X.below(k, X.plus(j, 1), A(s, j, k))),
  'a constant': X.number(3),
  'of no system': X.extent(Dim.n),
  'a product of three': X.sum([k, m], A(s, j, k), A(s, k, m), b(s, m)),
  'squares along a row': X.sum([k], A(s, j, k), A(s, j, k)),
  'a sum that nothing depends on': X.sum([k], b(s, j)),
  'a trace': X.multiply(b(s, j), X.sum([k], A(s, k, k))),
  'a packed axis': X.sum([packed], A(s, ...apart(packed)), b(s, X.remainder(packed, Dim.n))),
  'two indices at once': X.sum([k], X.below(X.plus(j, k), Dim.n, b(s, X.plus(j, k)), b(s, 0))),
  'the largest of a row': X.max([k], A(s, j, k)),
  'the largest that is seen': X.max([k], X.below(k, X.plus(j, 1), A(s, j, k), A(s, j, 0))),
  functions: X.add(X.exp(b(s, j)), X.erf(b(s, j)), X.tanh(b(s, j)), X.sqrt(X.multiply(b(s, j), b(s, j)))),
  signs: X.add(X.negate(b(s, j)), X.multiply(-2, A(s, j, j)), X.number(-1)),
  'a quotient': X.divide(b(s, j), X.largest(A(s, j, 0), 0.5))
}

test('reads, sums and conditions of every kind', (t) => {
  for (const [name, value] of Object.entries(formulas)) {
    const e = formula(name, value)
    for (const batch of [1, 3]) {
      const inputs = { A: Key.normal(Key.fold(key, 'A'), batch * n * n), b: Key.normal(Key.fold(key, 'b'), batch * n) }
      const want = interpret(e, { n, batch }, inputs)['x'] as Float64Array
      const got = evaluate(print(e, n), batch, inputs)['x'] as Float64Array
      t.ok(got.length === want.length && distance(want, got) < 1e-13, `${name}, ${batch} systems`)
    }
  }
  t.end()
})

test('a graph for the eye', (t) => {
  const typed = right(infer(catalogue['column-linear-2']!.model(3)))
  golden(t, 'onnx/column-linear-2', show(graphOf(typed, 3)))
  const transformer = right(infer(catalogue['transformer-1-causal']!.model(3)))
  golden(t, 'onnx/transformer-1-causal', show(graphOf(transformer, 3)))
  t.end()
})

// --- faults ----------------------------------------------------------------------------------------------------------

/** A damaged node, `null` where it is left as it is, and the models in which that cannot be without effect. */
interface Fault {
  readonly damage: (node: Node) => Node | null
  readonly models: readonly string[]
}

const [linear, causal] = ['block-linear-3', 'transformer-1-causal'] as const

const faults: Readonly<Record<string, Fault>> = {
  'a transpose that moves nothing': {
    damage: (o) => (o.op === 'Transpose' ? { ...o, op: 'Reshape', inputs: [...o.inputs, 'shape'] } : null),
    models: [causal]
  },
  'a difference for a sum': { damage: (o) => (o.op === 'Add' ? { ...o, op: 'Sub' } : null), models: [linear, causal] },
  'a product the wrong way round': {
    damage: (o) => (o.op === 'MatMul' ? { ...o, inputs: [...o.inputs].reverse() } : null),
    models: [linear, causal]
  },
  'an exponential that is a hyperbolic tangent': {
    damage: (o) => (o.op === 'Exp' ? { ...o, op: 'Tanh' } : null),
    models: [causal]
  },
  'an error function left out': {
    damage: (o) => (o.op === 'Erf' ? { ...o, op: 'Identity' } : null),
    models: ['transformer-2']
  },
  'a root left out': { damage: (o) => (o.op === 'Sqrt' ? { ...o, op: 'Identity' } : null), models: [causal] },
  'a condition turned round': {
    damage: (o) => (o.op === 'Where' ? { ...o, inputs: [o.inputs[0]!, o.inputs[2]!, o.inputs[1]!] } : null),
    models: [linear, causal]
  }
}

/** The graph with its last node that a fault hits damaged. */
const damaged = (g: Graph, { damage }: Fault): Graph | null => {
  const at = g.nodes.findLastIndex((o) => damage(o) !== null)
  if (at < 0) return null
  const node = damage(g.nodes[at]!) as Node
  const dims = (node.dims ?? []).map((d) => (typeof d === 'number' ? d : -1))
  const constants = { ...g.constants, shape: { type: 'int64', dims: [dims.length], values: dims } as const }
  return { ...g, constants, nodes: g.nodes.map((o, k) => (k === at ? node : o)) }
}

test('a graph with one wrong node is noticed', (t) => {
  for (const [name, fault] of Object.entries(faults)) {
    for (const model of fault.models) {
      const typed = right(infer(catalogue[model]!.model(5)))
      const g = damaged(graphOf(typed, 5), fault)
      if (g === null) {
        t.fail(`${name}, ${model}: there is no node to damage`)
        continue
      }
      const off = E.tryCatch(() => agreement(g, typed, 5, randomWeights(typed, 5, 3, 0.5), key).deviation, String)
      t.ok(
        E.isLeft(off) || off.right > 1e-3,
        `${name}, ${model}: ${E.isLeft(off) ? off.left : off.right.toExponential(1)}`
      )
    }
  }
  t.end()
})

// --- bytes -----------------------------------------------------------------------------------------------------------

test('bytes', (t) => {
  const typed = right(infer(catalogue['column-linear-2']!.model(3)))
  const g = graphOf(typed, 3)
  const c = makeCase(typed, 3, 1, key, null)
  const weights = Object.fromEntries(Object.entries(c.weights).map(([name, w]) => [name, Float32Array.from(w)]))
  const bytes = Buffer.from(encode(g, weights, { metadata: { model: 'column-linear-2' } }))
  t.deepEqual([...bytes.subarray(0, 3)], [8, 8, 58], 'the version of the format, then the graph')
  for (const { name } of g.parameters) {
    t.ok(bytes.includes(Buffer.from(weights[name]!.buffer)), `the weights ${name} are there as they are`)
  }
  t.ok(
    bytes.includes('batch') && bytes.includes('column-linear-2'),
    'and so are the name of the batch axis and metadata'
  )
  t.deepEqual(bytes, Buffer.from(encode(g, weights, { metadata: { model: 'column-linear-2' } })), 'the same twice')
  t.end()
})
