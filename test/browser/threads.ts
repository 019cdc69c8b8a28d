/** Threads in a page: the same bytes as on one thread, and a sentence where one fails. */
import { plan as planFor } from '../../codegen/compile'
import type { Plan } from '../../codegen/plan'
import { adam } from '../../codegen/rules/optimiser'
import { choleskyProgram } from '../../codegen/targets/wasm/classical/program'
import * as W from '../../codegen/targets/wasm/code'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { executableOf, portsOf } from '../../runtime/backends/executable'
import { open } from '../../runtime/backends/open'
import type { Arrays } from '../../runtime/backends/runtime'
import * as Key from '../../runtime/random/key'
import { engine } from '../../runtime/wasm/engine'
import { groups } from '../../runtime/wasm/lanes'
import { threadedGroups } from '../../runtime/wasm/threads'
import { canThread, maySleep, parallelism } from '../../runtime/wasm/worker'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { left, right, typed } from '../support/right'
import type { ThreadsReport } from './report'

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const stepOf = (n: number, width: number, batch: number): Plan =>
  right(
    planFor(wasm, { _tag: 'step', optimiser: adam }, typed(algebraformer({ n, width, blocks: 1, heads: 3 })), {
      n,
      batch
    })
  )

const numbersFor = (plan: Plan): Arrays =>
  Object.fromEntries(
    plan.inputs.map((input, k) => {
      const drawn = Key.normal(Key.fold(Key.key(3), k), product(input.dims))
      return [input.name, Float32Array.from(drawn, (x) => (input.role === 'state' ? Math.abs(x) : 0.3 * x))]
    })
  )

const sameBits = (p: Arrays, q: Arrays): boolean =>
  Object.keys(p).length > 0 &&
  Object.entries(p).every(([name, array]) => {
    const [one, other] = [array, q[name] ?? new Float32Array()].map(
      (a) => new Uint32Array(a.buffer, a.byteOffset, a.length)
    )
    return one?.length === other?.length && one?.every((bits, at) => bits === other?.[at]) === true
  })

const onThreads = async (plan: Plan, threads: number): Promise<{ readonly kind: string; readonly after: Arrays }> => {
  const runtime = right(await open('wasm', { threads })())
  const made = right(await runtime.compile(plan)())
  right(made.load(numbersFor(plan)))
  for (let call = 0; call < 3; call++) right(await made.run({})())
  const after = right(await made.read()())
  await runtime.close()
  return { kind: made.kind, after }
}

const failing = async (plan: Plan): Promise<string> => {
  const program = print(plan, { threads: 3 })
  const fails = W.branch(W.op('i32.eq', W.get(W.local('thread', 'i32')), W.int(1)), [W.trap])
  const functions = program.module.functions.map((f) => (f.name === 'run' ? { ...f, body: [fails, ...f.body] } : f))
  const module = { ...program.module, functions }
  const made = executableOf('wasm', portsOf(plan), await engine({ ...program, module }))
  right(made.load(numbersFor(plan)))
  const said = left(await made.run({})()).message
  await made.dispose()
  return said
}

/** Whether batches on two threads give what one gives, call after call, also before the threads have started. */
const groupsAgree = async (): Promise<boolean> => {
  const [n, batch] = [18, 300]
  const A = Float32Array.from({ length: batch * n * n }, (_, at) => {
    const [s, i, j] = [Math.floor(at / (n * n)), Math.floor(at / n) % n, at % n]
    return i === j ? 1 + s + i : 1 / (8 * n)
  })
  const b = Float32Array.from({ length: batch * n }, (_, k) => Math.sin(k))
  const want = groups(choleskyProgram(n)).run({ A, b })
  const made = threadedGroups(choleskyProgram(n, 8), 2)
  let same = true
  for (let call = 0; call < 40; call++) {
    same &&= sameBits(made.run({ A, b }), want)
    // Threads of a page start when its own gives way.
    if (call % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  made.close()
  return same
}

export const threads = async (): Promise<ThreadsReport> => {
  const here = { shares: canThread(), sleeps: maySleep(), parallelism: parallelism() }
  if (!here.shares) return { ...here, kinds: [], same: false, groups: false, failure: '' }
  const plan = stepOf(17, 36, 6)
  const runs = [await onThreads(plan, 1), await onThreads(plan, 2), await onThreads(plan, 3)]
  return {
    ...here,
    kinds: runs.map(({ kind }) => kind),
    same: runs.every(({ after }) => sameBits(after, runs[0]?.after ?? {})),
    groups: await groupsAgree(),
    failure: await failing(plan)
  }
}
