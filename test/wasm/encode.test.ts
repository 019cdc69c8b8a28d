/** The WebAssembly encoder: numbers, every instruction accepted by an engine, and what a few programs compute. */
import test from 'tape'

import {
  atomicAdd,
  atomicLoad,
  atomicStore,
  block,
  br,
  branch,
  call,
  callValue,
  copy,
  count,
  double,
  drop,
  fill,
  four,
  get,
  giveBack,
  int,
  ints,
  lane,
  load,
  local,
  loop,
  notify,
  op,
  plus,
  select,
  set,
  shuffle32,
  single,
  singles,
  store,
  storeLane,
  tee,
  times,
  type Value,
  wait
} from '../../codegen/targets/wasm/code'
import { encode, signed, unsigned } from '../../codegen/targets/wasm/encode'
import { type Func, func, type Memory, module } from '../../codegen/targets/wasm/module'
import { type OperationName, operations, type ValueType } from '../../codegen/targets/wasm/operations'
import { showModule } from '../../codegen/targets/wasm/text'
import {
  type LaneName,
  type LoadName,
  laneOperations,
  loads,
  type StoreName,
  stores
} from '../../codegen/targets/wasm/tree'
import { canFuse } from '../../runtime/wasm/compile'

const own: Memory = { pages: 1, most: null, imported: false, shared: false }

type Export = (...args: readonly number[]) => number

const run = (functions: readonly Func[]): Readonly<Record<string, Export>> & { readonly memory: WebAssembly.Memory } =>
  new WebAssembly.Instance(new WebAssembly.Module(encode(module(own, functions)))).exports as never

const zeroOf: Readonly<Record<ValueType, Value>> = { i32: int(1), f32: single(1), f64: double(1), v128: four(1) }

test('LEB128', (t) => {
  t.deepEqual(unsigned(0), [0])
  t.deepEqual(unsigned(624485), [0xe5, 0x8e, 0x26])
  t.deepEqual(unsigned(2 ** 32 - 1), [0xff, 0xff, 0xff, 0xff, 0x0f])
  t.deepEqual(signed(-123456), [0xc0, 0xbb, 0x78])
  t.deepEqual(signed(63), [63])
  t.deepEqual(signed(64), [0xc0, 0])
  t.deepEqual(signed(-64), [0x40])
  t.deepEqual(signed(2 ** 31 - 1), [0xff, 0xff, 0xff, 0xff, 7])
  t.deepEqual(signed(-(2 ** 31)), [0x80, 0x80, 0x80, 0x80, 0x78])
  t.end()
})

test('an engine takes every instruction', (t) => {
  const known = (name: OperationName): boolean => canFuse() || !name.includes('relaxed')
  const values: Value[] = [
    ...(Object.keys(operations) as OperationName[]).filter(known).map((name): Value => {
      const { gives, takes } = operations[name]
      return { _tag: 'op', type: gives, name, args: takes.map((type) => zeroOf[type]) }
    }),
    ...(Object.keys(laneOperations) as LaneName[]).map((name): Value => {
      const { gives, takes } = laneOperations[name]
      return { _tag: 'lane', type: gives, name, lane: 1, args: takes.map((type) => zeroOf[type]) }
    }),
    ...(Object.keys(loads) as LoadName[]).map((name) => load(name, int(0), 4)),
    shuffle32([0, 5, 2, 7], four(1), four(2)),
    select(int(1), four(1), four(2)),
    ints(1, 2, 3, 4)
  ]
  const statements = [
    ...values.map(drop),
    ...(Object.keys(stores) as StoreName[]).map((name) => store(name, int(16), zeroOf[stores[name].takes] as never, 8)),
    storeLane(3, int(0), four(1), 4),
    copy(int(0), int(16), int(8)),
    fill(int(0), int(7), int(8))
  ]
  t.ok(WebAssembly.validate(encode(module(own, [func('all', [], null, statements)]))))
  const [flag, shared] = [int(64), { pages: 1, most: 2, imported: true, shared: true }]
  const threads = [drop(atomicAdd(flag, int(1))), atomicStore(flag, int(2)), wait(flag, atomicLoad(flag)), notify(flag)]
  t.ok(WebAssembly.validate(encode(module(shared, [func('threads', [], null, threads)]))), 'and those of threads')
  t.end()
})

test('programs compute', (t) => {
  const [p, n, i] = [local('p', 'i32'), local('n', 'i32'), local('i', 'i32')]
  const [total, four4] = [local('total', 'f32'), local('four', 'v128')]
  const sum = func('sum', [p, n], 'f32', [
    count(i, int(0), get(n), 1, [
      set(total, op('f32.add', get(total), load('f32.load', plus(get(p), times(get(i), 4)))))
    ]),
    giveBack(get(total))
  ])
  const scale = func('scale', [p, n], null, [
    count(i, int(0), times(get(n), 4), 16, [
      set(four4, load('v128.load', plus(get(p), get(i)))),
      store('v128.store', plus(get(p), get(i)), op('f32x4.mul', get(four4), singles(1, 2, 3, -4)))
    ]),
    call('nothing')
  ])
  const nothing = func('nothing', [], null, [], false)
  const collatz = func('steps', [n], 'i32', [
    block('out', [
      loop('again', [
        br('out', op('i32.eq', get(n), int(1))),
        branch(
          op('i32.and', get(n), int(1)),
          [set(n, op('i32.add', op('i32.mul', get(n), int(3)), int(1)))],
          [set(n, op('i32.shr_u', get(n), int(1)))]
        ),
        drop(tee(i, op('i32.add', get(i), int(1)))),
        br('again')
      ])
    ]),
    giveBack(get(i))
  ])
  const twice = func('twice', [n], 'i32', [giveBack(op('i32.add', callValue('i32', 'steps', get(n)), get(n)))])
  const third = func('third', [], 'f32', [giveBack(lane('f32x4.extract_lane', 2, singles(5, 6, 7.25, 8)))])
  const e = run([sum, scale, nothing, collatz, twice, third])
  const f = new Float32Array(e.memory.buffer)
  f.set([1, 2, 3, 4, 5, 6, 7, 8], 3)
  t.equal(e['sum']?.(12, 8), 36)
  t.equal(e['sum']?.(12, 0), 0, 'an empty loop')
  e['scale']?.(12, 8)
  t.deepEqual([...f.subarray(2, 12)], [0, 1, 4, 9, -16, 5, 12, 21, -32, 0], 'from an address of no vector')
  t.equal(e['steps']?.(27), 111)
  t.equal(e['twice']?.(1), 1)
  t.equal(e['third']?.(), 7.25)
  t.notOk('nothing' in e, 'what is not exported is not seen')
  t.end()
})

test('the text names what the bytes number', (t) => {
  const [n, x] = [local('n', 'i32'), local('x y', 'f32')]
  const text = showModule(
    module(own, [
      func('f', [n], 'f32', [set(x, single(-0.5)), giveBack(op('f32.mul', get(x), load('f32.load', get(n), 8)))])
    ])
  )
  t.equal(
    text,
    [
      '(module',
      '  (memory (export "memory") 1)',
      '  (func $f (export "f") (param $n i32) (result f32)',
      '    (local $x_y f32)',
      '    (local.set $x_y (f32.const -0.5))',
      '    (return (f32.mul (local.get $x_y) (f32.load offset=8 (local.get $n))))',
      '    (unreachable)',
      '  )',
      ')'
    ].join('\n')
  )
  t.end()
})

test('a wrong tree is our own bug, and says so', (t) => {
  const wrong = (f: Func): void => void encode(module(own, [f]))
  const both = [set(local('x', 'i32'), int(1)), set(local('x', 'f32'), single(1))]
  t.throws(() => wrong(func('f', [], null, both)), /internal: function f .*calls both a i32 and a f32 x/)
  t.throws(() => wrong(func('f', [], null, [br('away')])), /leaves for away/)
  t.throws(() => wrong(func('f', [], null, [call('g')])), /calls g, which is not there/)
  t.throws(() => wrong(func('f', [], null, [call('f', int(1))])), /calls f with the wrong types/)
  t.throws(() => encode(module(own, [func('f', [], null, []), func('f', [], null, [])])), /share a name/)
  t.end()
})

test('a function may have more parameters than one byte counts', (t) => {
  const params = Array.from({ length: 300 }, (_, k) => local(`p${k}`, 'i32'))
  const last = params[299]
  if (last === undefined) return t.end()
  const made = run([func('last', params, 'i32', [giveBack(get(last))])])
  t.equal(made['last']?.(...params.map((_, k) => 7 * k)), 7 * 299)
  t.end()
})
