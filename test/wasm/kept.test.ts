/** A plan is plain data: kept as JSON, it compiles to the same module and the same answers. */
import test from 'tape'
import { type Goal, plan } from '../../codegen/compile'
import type { Plan } from '../../codegen/plan'
import { wasm } from '../../codegen/targets/wasm/print'
import { open } from '../../runtime/backends/open'
import type { Arrays } from '../../runtime/backends/runtime'
import { fold, key, normal } from '../../runtime/random/key'
import { Zoo } from '../../spec'
import { right, typed } from '../support/right'

const elements = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** Numbers for every input of a plan. */
const inputsOf = ({ inputs }: Plan): Arrays =>
  Object.fromEntries(
    inputs.map(({ name, dims }) => [name, Float32Array.from(normal(fold(key(1), name), elements(dims)), (v) => v / 4)])
  )

const answers = async (program: Plan): Promise<Arrays> => {
  const runtime = right(await open('wasm', { threads: 1 })())
  const executable = right(await runtime.compile(program)())
  const all = inputsOf(program)
  right(executable.load(all))
  const found = right(await executable.run({})())
  await runtime.close()
  return found
}

test('a plan that was kept as JSON runs as the plan does', async (t) => {
  const ways: readonly [model: Parameters<typeof typed>[0], goal: Goal, n: number, batch: number][] = [
    [Zoo.polynomial({ degree: 6, low: 0, high: 2 }), { _tag: 'forward' }, 5, 32],
    [Zoo.blockLinear({ layers: 2 }), { _tag: 'vjp' }, 4, 16],
    [Zoo.blockLinear({ layers: 2 }), { _tag: 'forward' }, 7, 1]
  ]
  for (const [model, goal, n, batch] of ways) {
    const made = right(plan(wasm, goal, typed(model), { n, batch }))
    const kept = JSON.parse(JSON.stringify(made)) as Plan
    const [fresh, again] = [await answers(made), await answers(kept)]
    t.deepEqual(again, fresh, `${model.name}, ${goal._tag}, n = ${n}, ${batch} systems: bit for bit`)
    t.ok(
      Object.values(fresh).some((array) => array.some((value) => value !== 0)),
      'and no zeros'
    )
  }
})
