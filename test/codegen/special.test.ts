import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { schedule } from '../../codegen/schedule'
import { javascript, print as printJavaScript } from '../../codegen/targets/javascript'
import { float32Errors } from '../../codegen/targets/special'
import { verify } from '../../codegen/verify'
import { open } from '../../runtime/backends/open'
import { interpret } from '../../runtime/equations/interpret'
import { load64 } from '../../runtime/javascript/run'
import { worstRatio } from '../../runtime/ladder/measure'
import { erf } from '../../runtime/special/erf'
import { must, workingBackends } from '../gpujs/backends'
import { right } from '../support/right'

/** `erf(x)` rounded to float64, by mpmath 1.3.0 in forty digits. */
const known = [
  [1e-10, 1.1283791670955126e-10],
  [0.001, 0.0011283787909692365],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.25, 0.9985372834133188],
  [3, 0.9999779095030014],
  [4.5, 0.9999999998033839],
  [5.9, 1],
  [6.5, 1]
] as const

const count = 4096

/** One equation `y_i = value` over an array `x`. */
const program = (value: X.Expr): Equations =>
  byHand({
    name: 'function',
    inputs: [{ name: 'x', role: 'data', dims: [count] }],
    equations: [{ defines: 'y', over: [i], value }],
    outputs: ['y']
  })

const [i, k] = [X.index('i', count), X.index('k', 7)]
const x = X.tensor('x')
const functions: Readonly<Record<X.Special, X.Expr>> = {
  exp: X.exp(x(i)),
  erf: X.erf(x(i)),
  tanh: X.tanh(x(i))
}

/** Places from -reach to reach, dense near 0, all of them float32. */
const places = (reach: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => {
    const u = (2 * at) / (count - 1) - 1
    return Math.fround(reach * u * u * u)
  })

const reaches: Readonly<Record<X.Special, number>> = { exp: 87, erf: 12, tanh: 30 }

test('erf of the interpreter and of the float64 target, against known digits', (t) => {
  const run = load64(printJavaScript(right(schedule(javascript, {})(program(functions.erf)))))
  for (const [at, value] of known) {
    const printed = run.run({ x: new Float64Array(count).fill(at) })['y']?.[0] ?? Number.NaN
    const flipped = run.run({ x: new Float64Array(count).fill(-at) })['y']?.[0] ?? Number.NaN
    for (const [who, got] of [
      ['interpreter', erf(at)],
      ['interpreter at -x', -erf(-at)],
      ['float64 target', printed],
      ['float64 target at -x', -flipped]
    ] as const) {
      t.ok(Math.abs(got - value) <= 2 ** -49 * value, `${who}: erf(${at}) = ${got}`)
    }
  }
  t.equal(erf(0), 0, 'erf(0) is zero')
  t.end()
})

test('the float64 target agrees with the interpreter on every function', (t) => {
  for (const tag of ['exp', 'erf', 'tanh'] as const) {
    const e = program(functions[tag])
    const data = { x: places(reaches[tag]) }
    const want = interpret(e, {}, data)['y'] as Float64Array
    const got = load64(printJavaScript(right(schedule(javascript, {})(e)))).run(data)['y'] as Float64Array
    t.ok(worstRatio(got, want, (at) => 2 ** -49 * Math.abs(want[at] as number)) <= 1, tag)
  }
  t.end()
})

test('float32 functions keep their stated errors on every backend, far outside their limits too', async (t) => {
  for (const backend of await workingBackends()) {
    const runtime = await must(open(backend))
    for (const tag of ['exp', 'erf', 'tanh'] as const) {
      const e = program(functions[tag])
      const compiled = await must(runtime.compile(right(schedule(runtime.target, {})(e))))
      const run = async (data: Float64Array) => (await must(compiled.run({ x: Float32Array.from(data) })))['y']
      const inside = places(reaches[tag])
      const want = interpret(e, {}, { x: inside })['y'] as Float64Array
      const bound = float32Errors[tag]
      const ratio = worstRatio(
        (await run(inside)) ?? [],
        want,
        (at) => bound * Math.abs(want[at] as number) + 2 ** -126
      )
      t.ok(ratio <= 1, `${backend}: ${tag} within ${bound} (${ratio.toFixed(2)} of that)`)
      const far = [...((await run(places(1e30))) ?? [])]
      t.ok(far.every(Number.isFinite), `${backend}: ${tag} is finite everywhere`)
    }
    await runtime.close()
  }
})

test('maxima, of negative numbers and under conditions too', async (t) => {
  const value = X.add(
    X.max([k], X.add(x(k), X.negate(X.multiply(x(i), x(k))))),
    X.max([k], X.below(k, X.plus(i, 1), X.add(x(k), -100), -200))
  )
  const e = right(verify('test')(program(value)))
  const data = { x: places(3).reverse() }
  const want = interpret(e, {}, data)['y'] as Float64Array
  const straight = Float64Array.from(data.x, (own, at) => {
    const seven = [...data.x.subarray(0, 7)]
    return Math.max(...seven.map((v) => v - own * v)) + Math.max(...seven.map((v, p) => (p < at + 1 ? v - 100 : -200)))
  })
  t.deepEqual([...want], [...straight], 'the interpreter takes the largest')
  const plain = load64(printJavaScript(right(schedule(javascript, {})(e)))).run(data)['y'] as Float64Array
  t.deepEqual([...plain], [...want], 'and so does the float64 target')
  for (const backend of await workingBackends()) {
    const runtime = await must(open(backend))
    const compiled = await must(runtime.compile(right(schedule(runtime.target, {})(e))))
    const got = (await must(compiled.run({ x: Float32Array.from(data.x) })))['y'] ?? []
    t.ok(worstRatio(got, want, () => 1e-4) <= 1, `and so does ${backend}`)
    await runtime.close()
  }
})
