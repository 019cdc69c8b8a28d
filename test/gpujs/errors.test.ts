import * as E from 'fp-ts/Either'
import test from 'tape'
import type { Program } from '../../codegen/program'
import { choose } from '../../runtime/backends/choose'
import { type BackendError, probe } from '../../runtime/backends/probe'
import { open } from '../../runtime/gpujs/runtime'
import { get, gpujsBackends, must, workingBackends } from './backends'
import { chain, momentum, numbers, range } from './programs'

/** The error, or null where there is none. */
const left = <A>(either: E.Either<BackendError, A>): BackendError | null => (E.isLeft(either) ? either.left : null)

const sentence = /^backend \w+: [^\n]{20,400}$/

/** One kernel, one input x of two elements, one output y. */
const single = (source: string, arrays = 1): Program => ({
  name: 'single',
  inputs: [{ name: 'x', role: 'data', dims: [2] }],
  views: [],
  kernels: [
    {
      name: 'broken_kernel',
      source,
      parameters: range(arrays).map((index) => ({ name: `x${index}`, dims: [2] })),
      output: [2],
      constants: {}
    }
  ],
  launches: [{ kernel: 0, inputs: range(arrays).map(() => 'x'), output: 'y' }],
  outputs: [{ name: 'y', dims: [2] }],
  updates: []
})

const inBrowsersOnly = 'webgl2'

test('a backend that cannot run here is refused in a sentence, and not replaced', async (t) => {
  const refusals = [
    left(await open(inBrowsersOnly)()),
    left(await choose(inBrowsersOnly)()),
    left(await choose('cuda')())
  ]
  for (const error of refusals) {
    t.equal(error?._tag, 'BackendError', 'it is a BackendError')
    t.equal(error?.reason, 'unavailable', 'whose reason is that it is unavailable')
    t.match(error?.message ?? '', sentence, error?.message ?? 'no message')
  }
  const probed = await probe(inBrowsersOnly)()
  t.equal(probed.works, false, 'the probe says so too')
  const chosen = get(await choose('auto')())
  t.ok((await workingBackends()).includes(chosen), `auto chooses a backend that works: ${chosen}`)
  if (chosen === 'wgsl') t.ok((await probe('wgsl')()).hardware, 'and wgsl only on hardware')
})

test('a kernel that does not compile is named', async (t) => {
  const wrong = [
    'function (x) {\n  return x[this.thread.x] + missing(3);\n}',
    'function (x) {\n  return undeclared * x[this.thread.x];\n}',
    'function (x) {\n  let s = ;\n  return s;\n}'
  ]
  for (const backend of await gpujsBackends()) {
    const runtime = await must(open(backend))
    for (const source of wrong) {
      const compiled = await runtime.compileProgram(single(source))()
      const answer = E.isRight(compiled) ? await compiled.right.run({ x: Float32Array.of(1, 2) })() : compiled
      const error = left<unknown>(answer)
      t.match(error?.message ?? 'no error', sentence, `${backend}: ${error?.message ?? 'no error'}`)
    }
    const good = await must(runtime.compileProgram(single('function (x) {\n  return 2 * x[this.thread.x];\n}')))
    const { y } = await must(good.run({ x: Float32Array.of(1, 2) }))
    t.deepEqual(y, Float32Array.of(2, 4), `${backend}: the next program runs`)
    await runtime.close()
  }
})

test('arrays that are missing, misnamed or of the wrong size are refused', async (t) => {
  const one = momentum(5, 1)
  const g = one.calls[0]?.['g'] ?? new Float32Array(0)
  for (const backend of await gpujsBackends()) {
    const runtime = await must(open(backend))
    const program = await must(runtime.compileProgram(one.program))
    const refused = async (what: string, answer: Promise<E.Either<BackendError, unknown>>, expected: RegExp) => {
      const error = left(await answer)
      t.equal(error?.reason, 'input', `${backend}: ${what}`)
      t.match(error?.message ?? '', expected, error?.message ?? 'no message')
    }
    await refused('nothing is loaded', program.run({ g })(), /lacks its input w, frozen, v/)
    const short = program.load({ w: new Float32Array(9), v: numbers(10, 1), frozen: numbers(3, 1) })
    await refused('a parameter is too short', Promise.resolve(short), /w of momentum expects 10 elements, got 9/)
    await refused('the same is said by the next call', program.run({ g })(), /expects 10 elements, got 9/)
    get(program.load(one.kept))
    await refused('data are too long', program.run({ g: new Float32Array(11) })(), /g of momentum expects 10/)
    await refused('data are misnamed', program.run({ g, h: g })(), /no input h; it has g/)
    await refused('an output is misnamed', program.run({ g }, ['nothing'])(), /no output nothing; it has w_next/)
    await refused('a launch gets too few arrays', program.launch(0, [g])(), /velocity expects arrays of 10, 10/)
    t.ok(E.isRight(await program.run({ g })()), `${backend}: the right arrays run after all that`)
    await runtime.close()
  }
})

test('malformed programs are refused before anything is built', async (t) => {
  const { program } = chain(2, 3, 4, 5)
  const [first, second] = program.launches
  const [k0, k1] = program.kernels
  if (!first || !second || !k0 || !k1) throw new Error('internal: the chain has two launches')
  const broken: readonly (readonly [string, Program, RegExp])[] = [
    ['a name without a value', { ...program, launches: [second, first] }, /reads ab before/],
    ['sizes that differ', { ...program, launches: [first, { ...second, inputs: ['ab', 'b'] }] }, /expects \[4, 5\]/],
    ['an output of another size', { ...program, outputs: [{ name: 'abc', dims: [2, 4] }] }, /declared \[2, 4\]/],
    ['a view that leaves its array', { ...program, views: [{ name: 'q', of: 'b', offset: 9, dims: [4] }] }, /leaves b/],
    ['rank 4', { ...program, kernels: [{ ...k0, output: [1, 1, 2, 4] }, k1] }, /rank 0 or above 3/],
    ['an arrow function', { ...program, kernels: [{ ...k0, source: '(a, b) => 1' }, k1] }, /begin with "function"/],
    ['an update of data', { ...program, updates: [{ input: 'a', output: 'ab' }] }, /a is updated, but is not kept/]
  ]
  const runtime = await must(open('cpu'))
  for (const [what, one, expected] of broken) {
    const error = left(await runtime.compileProgram(one)())
    t.equal(error?.reason, 'program', what)
    t.match(error?.message ?? '', expected, error?.message ?? 'no message')
  }
  await runtime.close()
})

test('NaN and infinities are handed back as they are', async (t) => {
  for (const backend of await gpujsBackends()) {
    const runtime = await must(open(backend))
    const program = await must(runtime.compileProgram(single('function (x) {\n  return 2 * x[this.thread.x];\n}')))
    const { y } = await must(program.run({ x: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY) }))
    t.equal([...(y ?? [])].join(), 'NaN,Infinity', backend)
    await runtime.close()
  }
})

test('a webgpu kernel of more arrays than a device binds is refused', async (t) => {
  if (!(await workingBackends()).includes('webgpu')) return t.comment('skipped: webgpu does not work here')
  const sum = (arrays: number) =>
    `function (${range(arrays).map((index) => `x${index}`)}) {\n  return ${range(arrays)
      .map((index) => `x${index}[this.thread.x]`)
      .join(' + ')};\n}`
  const runtime = await must(open('webgpu'))
  const seven = await must(runtime.compileProgram(single(sum(7), 7)))
  t.deepEqual((await must(seven.run({ x: Float32Array.of(1, 2) })))['y'], Float32Array.of(7, 14), 'seven arrays run')
  const error = left(await runtime.compileProgram(single(sum(8), 8))())
  t.match(error?.message ?? '', /broken_kernel reads 8 arrays, WebGPU allows 7/, error?.message ?? 'no message')
  await runtime.close()
})

test('a program that gpu.js would run some other way is refused', async (t) => {
  const pair: Program = {
    ...single('function (x0) {\n  return [x0[this.thread.x], 2 * x0[this.thread.x]];\n}'),
    launches: [
      { kernel: 0, inputs: ['x'], output: 'pairs' },
      { kernel: 0, inputs: ['pairs'], output: 'y' }
    ]
  }
  const working = await workingBackends()
  for (const backend of (['webasm', 'webgpu'] as const).filter((name) => working.includes(name))) {
    for (const resident of [true, false]) {
      const runtime = await must(open(backend, { resident }))
      const error = left(await runtime.compileProgram(pair)())
      t.match(error?.reason ?? '', /^(fallback|compile)$/, `${backend}: ${error?.message ?? 'no error'}`)
      await runtime.close()
    }
  }
})
