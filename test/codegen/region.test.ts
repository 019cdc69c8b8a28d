/** Regions mean what their kernel means: every element once, conditions decided rightly, merged loops in the same places. */
import test from 'tape'

import { plan } from '../../codegen/compile'
import * as X from '../../codegen/expr'
import type { PlanKernel } from '../../codegen/plan'
import type { Loop, Node, Test } from '../../codegen/schedules/node'
import type { Place } from '../../codegen/schedules/place'
import { regionsOf } from '../../codegen/schedules/region'
import { wasm } from '../../codegen/targets/wasm/print'
import { evaluate } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import { special } from '../../runtime/special/functions'
import * as Dim from '../../spec/dim'
import { infer } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { right } from '../support/right'

type Loops = ReadonlyMap<string, number>
type Arrays = Readonly<Record<string, Float64Array>>

const at = (p: Place, loops: Loops): number => {
  switch (p._tag) {
    case 'affine':
      return Object.entries(p.of.strides).reduce(
        (total, [name, stride]) => total + stride * (loops.get(name) ?? Number.NaN),
        p.of.constant
      )
    case 'plus':
      return at(p.left, loops) + at(p.right, loops)
    case 'times':
      return at(p.of, loops) * p.by
    case 'quotient':
      return Math.floor(at(p.of, loops) / p.by)
    case 'remainder':
      return at(p.of, loops) - Math.floor(at(p.of, loops) / p.by) * p.by
  }
}

const holds = (t: Test, loops: Loops): boolean =>
  t._tag === 'less' ? at(t.left, loops) < at(t.right, loops) : at(t.left, loops) === at(t.right, loops)

const each = (over: readonly Loop[], loops: Loops, f: (inner: Loops) => void): void => {
  const [first, ...rest] = over
  if (first === undefined) f(loops)
  else for (let k = 0; k < first.size; k++) each(rest, new Map([...loops, [first.name, k]]), f)
}

const value = (n: Node, loops: Loops, arrays: Arrays): number => {
  const of = (part: Node): number => value(part, loops, arrays)
  switch (n._tag) {
    case 'number':
      return n.value
    case 'read':
      return arrays[n.array]?.[at(n.at, loops)] ?? Number.NaN
    case 'reduce': {
      let total = n.by === 'sum' ? 0 : Number.NEGATIVE_INFINITY
      each(n.over, loops, (inner) => {
        const own = value(n.body, inner, arrays)
        total = n.by === 'sum' ? total + own : Math.max(total, own)
      })
      return total
    }
    case 'add':
      return n.of.reduce((total, part) => total + of(part), 0)
    case 'multiply':
      return n.of.reduce((total, part) => total * of(part), 1)
    case 'divide':
      return of(n.of[0]) / of(n.of[1])
    case 'largest':
      return Math.max(of(n.of[0]), of(n.of[1]))
    case 'apply':
      return n.what === 'sqrt' ? Math.sqrt(of(n.of[0])) : special[n.what].at(of(n.of[0]))
    case 'where':
      return of(n.of[holds(n.when, loops) ? 0 : 1])
  }
}

const size = (dims: readonly Dim.Dim[], sizes: Dim.Sizes): number =>
  dims.reduce((total, d) => total * right(Dim.evaluate(sizes)(d)), 1)

/** The kernel's output by its regions, and how often each element was written. */
const byRegions = (k: PlanKernel, sizes: Dim.Sizes, arrays: Arrays, length: number) => {
  const out = new Float64Array(length)
  const times = new Int32Array(length)
  for (const r of regionsOf(k, sizes)) {
    each(r.loops, new Map(), (loops) => {
      const place = at(r.out, loops)
      out[place] = value(r.value, loops, arrays)
      times[place] = (times[place] ?? 0) + 1
    })
  }
  return { out, times }
}

const faultOf = (k: PlanKernel, sizes: Dim.Sizes): string | null => {
  const arrays = Object.fromEntries(
    k.parameters.map((p, at) => {
      const drawn = Key.normal(Key.fold(Key.key(5), at), size(p.axes, sizes))
      return [p.label, drawn.map((x) => Math.abs(x) + 0.1)]
    })
  )
  const tensors = Object.fromEntries(
    k.parameters.map((p) => [p.label, { name: p.label, dims: p.axes, role: 'data' as const }])
  )
  const eq = { defines: 'out', over: k.over, value: k.value, rule: '', part: k.part, path: '', labels: {} }
  const e = { name: k.name, tensors, equations: [eq], outputs: ['out'], updates: [] }
  const want = evaluate(e, eq, sizes, arrays, 'float64')
  const scale = want.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const { out, times } = byRegions(k, sizes, arrays, want.length)
  if (times.some((count) => count !== 1)) return 'an element is not written once'
  const far = want.findIndex((x, place) => !(Math.abs(x - (out[place] ?? Number.NaN)) <= 1e-12 * (scale + 1e-300)))
  return far < 0 ? null : `element ${far} is ${out[far]}, not ${want[far]}`
}

test('regions of every kernel of the zoo', (t) => {
  let judged = 0
  for (const [name, entry] of Object.entries(catalogue)) {
    const typed = right(infer(entry.model(4)))
    for (const sizes of [
      { n: 4, batch: 2 },
      { n: 4, batch: 1 }
    ]) {
      const faults = right(plan(wasm, { _tag: 'vjp' }, typed, sizes)).kernels.flatMap((k) => {
        judged++
        const fault = faultOf(k, sizes)
        return fault === null ? [] : [`${k.name}: ${fault}`]
      })
      t.deepEqual(faults, [], `${name}, batch ${sizes.batch}`)
    }
  }
  t.ok(judged > 300, `${judged} kernels`)
  t.end()
})

test('conditions that the zoo lacks', (t) => {
  const [i, j, k] = [X.index('i', 5), X.index('j', 7), X.index('k', 6)]
  const [x, A] = [X.tensor('x'), X.tensor('A')]
  const values: Readonly<Record<string, X.Expr>> = {
    'a band': X.below(X.plus(i, 1), j, A(i, j), X.below(j, i, X.number(3), x(j))),
    'a reversed axis': X.sum([k], X.below(k, 4, X.multiply(x(X.plus(X.timesBy(k, -1), 6)), A(i, j)), 2)),
    'a triangle inside a sum': X.sum([k], X.below(k, X.plus(i, 1), X.multiply(x(k), A(i, j)))),
    'a condition that the sum does not change': X.sum([k], X.below(i, 2, x(k), A(i, j))),
    'a packed position': X.add(
      x(X.quotient(X.plus(j, i), Dim.of(2))),
      A(i, X.remainder(X.plus(X.timesBy(i, 3), j), Dim.of(7)))
    ),
    'the largest of a part': X.max([k], X.below(k, 3, x(k), A(i, j))),
    'an equal place of a sum': X.sum([k], X.equal(k, 2, x(k), X.multiply(0.5, A(i, j))))
  }
  for (const [name, value] of Object.entries(values)) {
    const axes: Readonly<Record<string, readonly Dim.Dim[]>> = { x: [Dim.of(7)], A: [Dim.of(5), Dim.of(7)] }
    const parameters = X.tensors(value).map((label) => ({ label, axes: axes[label] ?? [] }))
    const kernel: PlanKernel = { name: 'k', part: 'forward', label: 'out', over: [i, j], value, parameters }
    t.equal(faultOf(kernel, {}), null, name)
  }
  t.end()
})
