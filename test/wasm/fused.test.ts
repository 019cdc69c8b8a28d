/** Products and sums in one instruction: which are joined, and what they round to. */
import test from 'tape'

import * as W from '../../codegen/targets/wasm/code'
import { encode } from '../../codegen/targets/wasm/encode'
import { func, module } from '../../codegen/targets/wasm/module'
import { open } from '../../runtime/backends/open'
import { canFuse, compiled } from '../../runtime/wasm/compile'
import { right } from '../support/right'

type Vector = W.Value<'v128'>

const vector = (k: number): Vector => W.load('v128.load', W.int(16 * k))
const [a, b, c] = [vector(0), vector(1), vector(2)]
const mul = (p: Vector, q: Vector): Vector => W.op('f32x4.mul', p, q)
const add = (p: Vector, q: Vector): Vector => W.op('f32x4.add', p, q)
const sub = (p: Vector, q: Vector): Vector => W.op('f32x4.sub', p, q)

const program = (value: Vector) =>
  module({ pages: 1, most: null, imported: false, shared: false }, [
    func('run', [], null, [W.store('v128.store', W.int(64), value)])
  ])

// Of 12 bits: their products are exact in float64 and not in float32, and so are the sums, whose terms nearly cancel.
const numbers = [1 + 2 ** -12, 3 - 2 ** -11, -7 + 2 ** -10, 0.3125 + 2 ** -14]
const others = [1 - 2 ** -12, 5 + 2 ** -10, 2 ** -3 + 2 ** -15, -11 - 2 ** -9]
const near = numbers.map((x, k) => Math.fround(-x * (others[k] as number)))

const run = (value: Vector, fused: boolean): readonly number[] => {
  const { memory, run: call } = new WebAssembly.Instance(compiled(program(value), fused)).exports as unknown as {
    readonly memory: WebAssembly.Memory
    readonly run: () => void
  }
  new Float32Array(memory.buffer, 0, 12).set([...numbers, ...others, ...near])
  call()
  return [...new Float32Array(memory.buffer, 64, 4)]
}

const lanes = (f: (p: number, q: number, r: number) => number): readonly number[] =>
  numbers.map((p, k) => f(p, others[k] as number, near[k] as number))

const round = Math.fround

const cases: Readonly<
  Record<string, { readonly value: Vector; readonly once: readonly number[]; readonly twice: readonly number[] }>
> = {
  'c + a b': {
    value: add(c, mul(a, b)),
    once: lanes((p, q, r) => round(r + p * q)),
    twice: lanes((p, q, r) => round(r + round(p * q)))
  },
  'a b + c': {
    value: add(mul(a, b), c),
    once: lanes((p, q, r) => round(r + p * q)),
    twice: lanes((p, q, r) => round(r + round(p * q)))
  },
  'c - a b': {
    value: sub(W.op('f32x4.neg', c), mul(a, b)),
    once: lanes((p, q, r) => round(-r - p * q)),
    twice: lanes((p, q, r) => round(-r - round(p * q)))
  },
  'a b - c, which is not joined': {
    value: sub(mul(a, b), c),
    once: lanes((p, q, r) => round(round(p * q) - r)),
    twice: lanes((p, q, r) => round(round(p * q) - r))
  },
  'a b + b c, of which the second product is joined': {
    value: add(mul(a, b), mul(b, c)),
    once: lanes((p, q, r) => round(round(p * q) + q * r)),
    twice: lanes((p, q, r) => round(round(p * q) + round(q * r)))
  }
}

test('sums of a product are rounded once where they are joined, and each operation by itself where not', (t) => {
  for (const [name, { value, once, twice }] of Object.entries(cases)) {
    t.deepEqual(run(value, false), twice, `${name}: apart`)
    if (canFuse()) t.deepEqual(run(value, true), once, `${name}: joined`)
  }
  t.notDeepEqual(cases['c + a b']?.once, cases['c + a b']?.twice, 'which makes a difference')
  t.end()
})

test('modules that are not joined need no relaxed SIMD', (t) => {
  const bytes = (fused: boolean): string => encode(program(add(c, mul(a, b))), { fused }).join(' ')
  t.match(bytes(true), /253 133 2/, 'f32x4.relaxed_madd')
  t.doesNotMatch(bytes(false), /253 133 2/)
  t.end()
})

test('a runtime says which it does', async (t) => {
  const [joined, apart] = [right(await open('wasm')()), right(await open('wasm', { fused: false })())]
  t.equal(joined.adapter, canFuse() ? 'WebAssembly SIMD, fused multiply-add' : 'WebAssembly SIMD')
  t.equal(apart.adapter, 'WebAssembly SIMD')
  await joined.close()
  await apart.close()
  t.end()
})
