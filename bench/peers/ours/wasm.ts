/** Ansatz on its own WebAssembly target: one module a program, SIMD; small systems four to a vector. */
import { type ClassicalProgram, cgProgram, choleskyProgram } from '../../../codegen/targets/wasm/classical/program'
import { open } from '../../../runtime/backends/open'
import { groups } from '../../../runtime/wasm/lanes'
import type { Job, Method } from '../contestant'
import { operand, serve, size } from '../serve'
import { methods, resident } from './backend'
import { must } from './network'

const runtime = must(await open('wasm')())

/** A classical solver compiled the same way. */
const classical = (
  name: string,
  program: (n: number) => ClassicalProgram,
  parameters: Readonly<Record<string, Float32Array>> = {}
): Method => ({
  workload: 'systems',
  name,
  gives: 'x',
  prepare: (job: Job) => {
    const loop = groups(program(size(job, 'n')))
    loop.load(parameters)
    const data = { A: operand(job, 'A'), b: operand(job, 'b') }
    const call = () => loop.run(data, ['x'])['x']!
    return { call, answer: call, close: () => undefined }
  }
})

await serve({
  version: 'wasm',
  detail: runtime.adapter,
  methods: [
    resident(runtime),
    ...methods(runtime),
    classical('Cholesky', choleskyProgram),
    classical('CG, 18 iterations', cgProgram, { steps: Float32Array.of(18) })
  ]
})
