/** Threads: the same bytes whatever their number, meetings where launches depend on each other, and processes that end. */
import { spawn } from 'node:child_process'
import test from 'tape'

import { plan as planFor } from '../../codegen/compile'
import { adam } from '../../codegen/rules/optimiser'
import { collide, memoryOf, touches } from '../../codegen/schedules/work'
import * as W from '../../codegen/targets/wasm/code'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { meetings } from '../../codegen/targets/wasm/threads'
import { executableOf, portsOf } from '../../runtime/backends/executable'
import * as Key from '../../runtime/random/key'
import { engine } from '../../runtime/wasm/engine'
import { infer } from '../../spec/infer'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { left, right } from '../support/right'
import { watchThreads } from '../support/threads'

const typed = right(infer(algebraformer({ n: 17, width: 36, blocks: 1, heads: 3 })))
const plan = right(planFor(wasm, { _tag: 'step', optimiser: adam }, typed, { n: 17, batch: 6 }))
const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const numbers = plan.inputs.map((input, k) => {
  const drawn = Key.normal(Key.fold(Key.key(3), k), product(input.dims))
  return [input.name, Float32Array.from(drawn, (x) => (input.role === 'state' ? Math.abs(x) : 0.3 * x))] as const
})

test('bytes do not depend on the number of threads', async (t) => {
  const results: Record<string, Uint8Array>[] = []
  for (const threads of [1, 2, 3]) {
    const program = print(plan, { threads })
    t.equal(program.threads, threads, `the program takes ${threads}`)
    const made = await engine(program)
    for (const [name, array] of numbers) made.write(name, array)
    const bytes: Record<string, Uint8Array> = {}
    for (const call of [0, 1, 2]) {
      const answer = await made.run(plan.outputs.map((o) => o.name))
      for (const [name, array] of Object.entries(answer)) bytes[`${name} ${call}`] = new Uint8Array(array.buffer)
    }
    await made.destroy()
    results.push(bytes)
  }
  const [one, ...more] = results
  t.ok(
    Object.values(one ?? {}).some((b) => b.some((x) => x !== 0)),
    'numbers come out'
  )
  for (const other of more) t.deepEqual(other, one, 'three steps, every output, bit for bit')
  t.end()
})

const memory = memoryOf(plan)
const touched = plan.launches.map((l) => touches(l, memory))

/** Whether no two launches that touch the same memory, one of them shared out, run without a meeting between them. */
const areApart = (shared: readonly boolean[], waits: readonly boolean[]): boolean => {
  let open: number[] = []
  return touched.every((own, at) => {
    if (waits[at] === true) open = []
    const free = open.every((o) => {
      const first = touched[o]
      return first === undefined || !(shared[at] || shared[o]) || !collide(first, own)
    })
    open.push(at)
    return free
  })
}

test('launches that touch the same memory are apart', (t) => {
  const shared = plan.launches.map((_, at) => at % 3 !== 0)
  const waits = meetings(plan, shared)
  t.ok(areApart(shared, waits), 'no two without a meeting between them')
  t.ok(
    waits.some((w) => !w),
    'some need none'
  )
  const dropped = waits.flatMap((w, at) => (w ? [waits.map((other, k) => other && k !== at)] : []))
  t.deepEqual(
    dropped.filter((less) => areApart(shared, less)),
    [],
    'each of the meetings is needed'
  )
  t.end()
})

test('a thread that fails ends the call, and the program, with a sentence', async (t) => {
  for (const faulty of [1, 2]) {
    const program = print(plan, { threads: 3 })
    const fails = W.branch(W.op('i32.eq', W.get(W.local('thread', 'i32')), W.int(faulty)), [W.trap])
    const functions = program.module.functions.map((f) => (f.name === 'run' ? { ...f, body: [fails, ...f.body] } : f))
    const module = { ...program.module, functions }
    const made = executableOf('wasm', portsOf(plan), await engine({ ...program, module }))
    right(made.load(Object.fromEntries(numbers)))
    const said = left(await made.run({})()).message
    t.equal(said, `backend wasm: program ${plan.name}: another of its threads failed`)
    t.equal(left(await made.run({})()).message, said, 'also the next time')
    await made.dispose()
  }
  t.end()
})

test('a thread that is terminated between two calls ends the next call with a sentence', async (t) => {
  const { made, undo } = watchThreads()
  try {
    const program = executableOf('wasm', portsOf(plan), await engine(print(plan, { threads: 2 })))
    right(program.load(Object.fromEntries(numbers)))
    right(await program.run({})())
    await made[0]?.worker.terminate()
    t.equal(left(await program.run({})()).message, `backend wasm: program ${plan.name}: another of its threads failed`)
    await program.dispose()
  } finally {
    undo()
  }
  t.end()
})

test('a process that leaves its threads open ends by itself', async (t) => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/wasm/team-child.ts'])
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  t.equal(code, 0)
  t.equal(out, 'done by 2\n')
  t.end()
})
