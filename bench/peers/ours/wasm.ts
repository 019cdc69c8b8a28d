/** Ansatz on its own WebAssembly target: one module a program, SIMD; small systems four to a vector. */
import { plan as planFor } from '../../../codegen/compile'
import { cgProgram, choleskyProgram } from '../../../codegen/targets/wasm/classical/program'
import { asGroups } from '../../../codegen/targets/wasm/lanes/choose'
import type { GroupProgram } from '../../../codegen/targets/wasm/lanes/group'
import { open } from '../../../runtime/backends/open'
import type { Arrays } from '../../../runtime/backends/runtime'
import { groups } from '../../../runtime/wasm/lanes'
import { threadedGroups } from '../../../runtime/wasm/threads'
import * as Infer from '../../../spec/infer'
import type { Job, Method } from '../contestant'
import { operand, serve, size, threads } from '../serve'
import { methods, resident, single } from './backend'
import { block, must } from './network'

const count = threads()
const runtime = must(await open('wasm', { threads: count })())

/** What the backend itself makes of the network for many small systems. */
const network = async (n: number, batch: number): Promise<GroupProgram> => {
  const { model } = await block()
  const plan = must(planFor(runtime.target, { _tag: 'forward' }, must(Infer.infer(model)), { n, batch }))
  const program = asGroups(plan)
  if (program === null) throw new Error(`systems of N = ${n} do not run in groups`)
  return program
}

/** A loop over groups of systems, on all threads. */
const loopOver = (
  name: string,
  program: (n: number, batch: number) => Promise<GroupProgram> | GroupProgram,
  parameters: () => Promise<Arrays> | Arrays = () => ({})
): Method => ({
  workload: 'systems',
  name,
  gives: 'x',
  prepare: async (job: Job) => {
    const made = await program(size(job, 'n'), size(job, 'batch'))
    const shared = count > 1 ? threadedGroups(made, count) : null
    const loop = shared ?? groups(made)
    loop.load(await parameters())
    const data = { A: operand(job, 'A'), b: operand(job, 'b') }
    const call = () => loop.run(data, ['x'])['x']!
    return { call, answer: call, close: () => shared?.close() }
  }
})

await serve({
  version: 'wasm',
  detail: `${runtime.adapter}, ${count} thread${count === 1 ? '' : 's'}`,
  methods: [
    resident(runtime),
    ...methods(runtime).filter(({ workload }) => workload !== 'systems'),
    loopOver('BLOCK', network, async () => single((await block()).weights)),
    loopOver('Cholesky', (n) => choleskyProgram(n)),
    loopOver(
      'CG, 18 iterations',
      (n) => cgProgram(n),
      () => ({ steps: Float32Array.of(18) })
    )
  ]
})
