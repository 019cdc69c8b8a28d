/** The `wgsl` executable keeps the contract of every executable, its memory is what its schedule says, and it is never lost silently. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { print } from '../../codegen/targets/wgsl/index'
import { open } from '../../runtime/wgsl/runtime'
import { get, must } from '../gpujs/backends'
import { planOf, withDevice } from './device'

const size = 70
const [i, j] = [X.index('i', size), X.index('j', size)]
const [w, v, g] = [X.tensor('w'), X.tensor('v'), X.tensor('g')]

/** Momentum; `half` reads a stretch of w by itself; `frozen` passes through. */
const momentum: Equations = byHand({
  name: 'momentum',
  inputs: [
    { name: 'w', role: 'parameter', dims: [2, size] },
    { name: 'frozen', role: 'parameter', dims: [3] },
    { name: 'v', role: 'state', dims: [size] },
    { name: 'g', role: 'data', dims: [size] }
  ],
  equations: [
    { defines: 'v_next', over: [i], value: X.add(X.multiply(0.5, v(i)), g(i)) },
    {
      defines: 'w_next',
      over: [X.index('p', 2), i],
      value: X.add(w(X.index('p', 2), i), X.multiply(-1, X.tensor('v_next')(i)))
    },
    { defines: 'half', over: [i], value: X.multiply(2, w(1, i)) },
    { defines: 'norm', over: [], value: X.sum([j], w(0, j), w(0, j)) }
  ],
  outputs: ['w_next', 'half', 'norm', 'frozen'],
  updates: [
    { input: 'w', output: 'w_next' },
    { input: 'v', output: 'v_next' }
  ]
})

const ones = (length: number, value = 1): Float32Array => new Float32Array(length).fill(value)

test('parameters and state stay on the device, updates take effect, outputs are as asked', (t) =>
  withDevice(t, async (runtime) => {
    const program = await must(runtime.compile(planOf(momentum)))
    t.equal(program.kind, 'wgsl', 'it executes as wgsl')
    t.equal(program.resident, true, 'and keeps its state')
    get(program.load({ w: ones(2 * size, 8), v: ones(size, 4), frozen: Float32Array.of(1, 2, 3) }))
    const first = await must(program.run({ g: ones(size) }))
    t.deepEqual([...new Set(first['w_next'])], [5], 'w - (v/2 + g)')
    t.deepEqual([...new Set(first['half'])], [16], 'a stretch is read before the update')
    t.deepEqual(first['norm'], Float32Array.of(64 * size), 'a sum that all invocations find together')
    t.deepEqual(first['frozen'], Float32Array.of(1, 2, 3), 'an input passes through')
    const second = await must(program.run({ g: ones(size) }, ['half', 'norm']))
    t.deepEqual(Object.keys(second), ['half', 'norm'], 'only what is asked for')
    t.deepEqual([...new Set(second['half'])], [10], 'the stretch is up to date')
    t.deepEqual(second['norm'], Float32Array.of(25 * size), 'and so is the whole')
    const kept = await must(program.read())
    t.deepEqual([...new Set(kept['w'])], [2.5], 'read: w')
    t.deepEqual([...new Set(kept['v'])], [2.5], 'read: v')
    get(program.load({ v: ones(size, 0) }))
    t.deepEqual([...new Set((await must(program.run({ g: ones(size) })))['w_next'])], [1.5], 'a load in between counts')
    const alone = await must(program.launch(0, [ones(size, 6), ones(size, 1)]))
    t.deepEqual([...new Set(alone)], [4], 'a launch alone')
    t.deepEqual([...new Set((await must(program.read(['w'])))['w'])], [1.5], 'which touches nothing that is kept')
  }))

test('arrays that are missing, misnamed or of the wrong size are refused', (t) =>
  withDevice(t, async (runtime) => {
    const program = await must(runtime.compile(planOf(momentum)))
    const kept = { w: ones(2 * size), v: ones(size), frozen: ones(3) }
    const data = { g: ones(size) }
    const refused = async (what: string, answer: E.Either<unknown, unknown> | Promise<E.Either<unknown, unknown>>) => {
      const made = await answer
      const left = E.isLeft(made) ? (made.left as { readonly reason: string; readonly message: string }) : null
      t.equal(left?.reason, 'input', `${what}: ${left?.message ?? 'an answer'}`)
    }
    await refused('nothing is loaded', program.run(data)())
    await refused('a parameter is too short', program.load({ ...kept, w: ones(3) }))
    await refused('the same is said by the next call', program.run(data)())
    get(program.load(kept))
    await refused('data are too long', program.run({ g: ones(size + 1) })())
    await refused('data are misnamed', program.run({ ...data, h: ones(1) })())
    await refused('an output is misnamed', program.run(data, ['nothing'])())
    await refused('a launch gets too few arrays', program.launch(0, [ones(size)])())
    await refused('there is no such launch', program.launch(99, [])())
    t.ok(E.isRight(await program.run(data)()), 'the right arrays run after all that')
    await program.dispose()
    t.ok(E.isLeft(await program.run(data)()), 'and nothing runs once it is disposed of')
  }))

/** Two parameters that change places: each update's source is an input. */
test('inputs that change places', (t) =>
  withDevice(t, async (runtime) => {
    const k = X.index('k', 4)
    const e = byHand({
      name: 'swap',
      inputs: [
        { name: 'p', role: 'parameter', dims: [4] },
        { name: 'q', role: 'state', dims: [4] }
      ],
      equations: [{ defines: 'sum', over: [k], value: X.add(X.tensor('p')(k), X.tensor('q')(k)) }],
      outputs: ['sum'],
      updates: [
        { input: 'p', output: 'q' },
        { input: 'q', output: 'p' }
      ]
    })
    const program = await must(runtime.compile(planOf(e)))
    get(program.load({ p: Float32Array.of(1, 2, 3, 4), q: Float32Array.of(5, 6, 7, 8) }))
    await must(program.run({}))
    const { p, q } = await must(program.read())
    t.deepEqual([p, q], [Float32Array.of(5, 6, 7, 8), Float32Array.of(1, 2, 3, 4)], 'both have moved')
  }))

test('memory is what the schedule says, and does not grow', (t) =>
  withDevice(t, async (runtime) => {
    const program = await must(runtime.compile(planOf(momentum)))
    get(program.load({ w: ones(2 * size), v: ones(size), frozen: ones(3) }))
    await must(program.run({ g: ones(size) }))
    const { predicted, held } = program.memory()
    t.ok(held <= 1.2 * predicted, `${held} bytes held, ${predicted} predicted`)
    for (let call = 0; call < 200; call++) await must(program.run({ g: ones(size) }, ['norm']))
    t.equal(program.memory().held, held, 'the same after 200 calls')
    await program.dispose()
    t.equal(program.memory().held, 0, 'and none once it is disposed of')
  }))

test('NaN and infinities are handed back as they are', (t) =>
  withDevice(t, async (runtime) => {
    const k = X.index('k', 3)
    const e = byHand({
      name: 'twice',
      inputs: [{ name: 'x', role: 'data', dims: [3] }],
      equations: [{ defines: 'y', over: [k], value: X.multiply(2, X.tensor('x')(k)) }],
      outputs: ['y']
    })
    const program = await must(runtime.compile(planOf(e)))
    const x = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
    t.equal([...((await must(program.run({ x })))['y'] ?? [])].join(), 'NaN,Infinity,-Infinity', 'twice each')
  }))

test('a text that the device refuses is an error that names the kernel', (t) =>
  withDevice(t, async (runtime) => {
    const plan = planOf(momentum)
    const damaged = (from: RegExp, to: string) => ({
      wgsl: () => {
        const made = print(plan, runtime.graphics.limits)
        return { ...made, kernels: made.kernels.map((k) => ({ ...k, source: k.source.replace(from, to) })) }
      }
    })
    const wrong: readonly (readonly [string, RegExp, string])[] = [
      ['a name that nothing has', /let lane = /, 'let missing = nothing; let lane = '],
      ['a truth value where a number belongs', /0\.5 \* /, 'true * '],
      ['text that is no WGSL', /let lane/, 'let let lane']
    ]
    for (const [what, from, to] of wrong) {
      const made = await runtime.compile(plan, damaged(from, to))()
      t.equal(E.isLeft(made) ? made.left.reason : 'compiled', 'compile', what)
      t.match(E.isLeft(made) ? made.left.message : '', /kernel momentum_\w+ of momentum: /, 'the kernel is named')
      if (E.isLeft(made)) t.comment(made.left.message)
    }
    const fine = await must(runtime.compile(plan))
    get(fine.load({ w: ones(2 * size), v: ones(size), frozen: ones(3) }))
    t.ok(E.isRight(await fine.run({ g: ones(size) })()), 'the next program runs')
  }))

test('a program that is too large for the device says so', (t) =>
  withDevice(t, async (runtime) => {
    const huge = 2 ** 20
    const [p, q] = [X.index('p', huge), X.index('q', 4096)]
    const e = byHand({
      name: 'huge',
      inputs: [{ name: 'x', role: 'data', dims: [huge] }],
      equations: [{ defines: 'y', over: [p, q], value: X.tensor('x')(p) }],
      outputs: ['y']
    })
    const made = await runtime.compile(planOf(e))()
    t.equal(E.isLeft(made) ? made.left.reason : 'compiled', 'program', 'its reason is the program')
    if (E.isLeft(made)) t.match(made.left.message, /needs a buffer of \d+ bytes.*smaller batch/, made.left.message)
  }))

test('a lost device is said to be lost', (t) =>
  withDevice(t, async (runtime) => {
    const program = await must(runtime.compile(planOf(momentum)))
    get(program.load({ w: ones(2 * size), v: ones(size), frozen: ones(3) }))
    await must(program.run({ g: ones(size) }))
    runtime.graphics.device.destroy()
    const reasons = [
      await program.run({ g: ones(size) })(),
      await program.run({ g: ones(size) })(),
      await program.read(['w'])(),
      await program.launch(0, [ones(size), ones(size)])()
    ].map((answer) => (E.isLeft(answer) ? answer.left.reason : 'an answer'))
    t.deepEqual(reasons, ['lost', 'lost', 'lost', 'lost'], 'by every call after it')
    const compiled = await runtime.compile(planOf(momentum))()
    t.equal(E.isLeft(compiled) ? compiled.left.reason : 'compiled', 'lost', 'and by compiling')
    const again = await must(open('wgsl'))
    const fresh = await must(again.compile(planOf(momentum)))
    get(fresh.load({ w: ones(2 * size), v: ones(size), frozen: ones(3) }))
    t.ok(E.isRight(await fresh.run({ g: ones(size) })()), 'opened again, it runs')
    await again.close()
  }))

test('calls are timed on the device', (t) =>
  withDevice(t, async (runtime) => {
    const program = await must(runtime.compile(planOf(momentum)))
    get(program.load({ w: ones(2 * size), v: ones(size), frozen: ones(3) }))
    await must(program.run({ g: ones(size) }))
    const times = await program.time(3)
    t.ok(times.seconds > 0, `${times.seconds} s by the clock of the ${times.clock}`)
  }))
