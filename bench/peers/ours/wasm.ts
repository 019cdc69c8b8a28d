/** Ansatz on its own WebAssembly target: one module a program, SIMD; small systems four to a vector. */
import { type ClassicalProgram, cgProgram, choleskyProgram } from '../../../codegen/targets/wasm/classical/program'
import { open } from '../../../runtime/backends/open'
import type { Arrays } from '../../../runtime/backends/runtime'
import { groups } from '../../../runtime/wasm/lanes'
import { threadedGroups } from '../../../runtime/wasm/threads'
import type { Job, Method } from '../contestant'
import type { Shape } from '../reference/transformer'
import { operand, serve, size, threads } from '../serve'
import { matrixWork } from '../workloads/transformer'
import { arithmetic } from './arithmetic'
import { methods, resident } from './backend'
import { must } from './network'

const count = threads()
const runtime = must(await open('wasm', { threads: count })())

/** A classical solver compiled the same way: a loop over groups of systems, on all threads. */
const classical = (name: string, program: (n: number) => ClassicalProgram, parameters: Arrays = {}): Method => ({
  workload: 'systems',
  name,
  gives: 'x',
  prepare: (job: Job) => {
    const made = program(size(job, 'n'))
    const shared = count > 1 ? threadedGroups(made, count) : null
    const loop = shared ?? groups(made)
    loop.load(parameters)
    const data = { A: operand(job, 'A'), b: operand(job, 'b') }
    const call = () => loop.run(data, ['x'])['x']!
    return { call, answer: call, close: () => shared?.close() }
  }
})

/** As many operations as the work has, and nothing else: on one thread, as a bound for one. */
const bound = (workload: string, operations: (job: Job) => number): readonly Method[] =>
  count > 1
    ? []
    : [{ workload, name: 'arithmetic alone', gives: 'ones', prepare: (job) => arithmetic(operations(job)) }]

await serve({
  version: 'wasm',
  detail: `${runtime.adapter}, ${count} thread${count === 1 ? '' : 's'}`,
  methods: [
    resident(runtime),
    ...bound('contraction', (job) => 2 * size(job, 'm') * size(job, 'k') * size(job, 'n')),
    ...methods(runtime),
    ...bound('transformer', (job) => matrixWork(job.sizes as unknown as Shape)),
    classical('Cholesky', choleskyProgram),
    classical('CG, 18 iterations', cgProgram, { steps: Float32Array.of(18) })
  ]
})
