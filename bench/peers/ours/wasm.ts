/** Ansatz on its own WebAssembly target: one module a program, SIMD; small systems four to a vector. */
import { plan as planFor } from '../../../codegen/compile'
import { lanesProgram } from '../../../codegen/targets/wasm/lanes/program'
import { open } from '../../../runtime/backends/open'
import { groups } from '../../../runtime/wasm/lanes'
import * as Infer from '../../../spec/infer'
import type { Job, Ready } from '../contestant'
import { operand, serve, size } from '../serve'
import { methods, resident, single } from './backend'
import { block, must } from './network'

const runtime = must(await open('wasm')())

/** The network as a loop over groups of systems. */
const inLanes = async (job: Job): Promise<Ready> => {
  const { model, weights } = await block()
  const sizes = { n: size(job, 'n'), batch: size(job, 'batch') }
  const plan = must(planFor(runtime.target, { _tag: 'forward' }, must(Infer.infer(model)), sizes))
  const loop = groups(must(lanesProgram(plan)))
  loop.load(single(weights))
  const data = { A: operand(job, 'A'), b: operand(job, 'b') }
  const call = () => loop.run(data, ['x'])['x']!
  return { call, answer: call, close: () => undefined }
}

await serve({
  version: 'wasm',
  detail: runtime.adapter,
  methods: [
    resident(runtime),
    { workload: 'systems', name: 'BLOCK', gives: 'x', prepare: inLanes },
    ...methods(runtime).map((m) => (m.workload === 'systems' ? { ...m, name: 'BLOCK, one by one' } : m))
  ]
})
