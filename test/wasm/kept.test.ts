/** A plan is plain data: kept as JSON, it compiles to the same module and the same answers. */
import test from 'tape'
import { type Goal, plan } from '../../codegen/compile'
import type { Plan } from '../../codegen/plan'
import { encode } from '../../codegen/targets/wasm/encode'
import { lanesProgram } from '../../codegen/targets/wasm/lanes/program'
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

test('a decided plan keeps the tiles of its kernels, and compiles to the same module without a search', async (t) => {
  const model = typed(Zoo.polynomial({ degree: 6, low: 0, high: 2 }))
  const runtime = right(await open('wasm', { threads: 1 })())
  const searched = right(plan(wasm, { _tag: 'forward' }, model, { n: 9, batch: 32 }))
  const kept = JSON.parse(JSON.stringify(runtime.decided(searched))) as Plan
  const bytesOf = (program: Plan): Uint8Array => encode(right(lanesProgram(program)).module)
  t.deepEqual(bytesOf(kept), bytesOf(searched), 'bit for bit')
  const tilesOf = (program: Plan) => right(lanesProgram(program)).schedule.kernels.map(({ tile }) => tile)
  const [first, ...others] = searched.kernels.map(({ name }) => name)
  t.deepEqual(Object.keys(kept.tiles ?? {}), [first, ...others], 'a tile for every kernel')

  const saying = (tile: Readonly<Record<string, number>>): Plan => ({
    ...kept,
    tiles: { ...kept.tiles, [first!]: tile }
  })
  const [best] = tilesOf(searched)
  const other = { i: best?.['i'] === 2 ? 3 : 2 }
  t.deepEqual(tilesOf(saying(other))[0], other, 'what a plan says is not searched for')
  for (const odd of [{ i: 0 }, { i: -1 }, { i: 1.5 }, { i: 1e9 }, { z: 2 }, { i: 2, z: 2 }]) {
    t.deepEqual(
      tilesOf(saying(odd)),
      tilesOf(searched),
      `${JSON.stringify(odd)} is none of those tried, and is not taken`
    )
  }

  const single = right(plan(wasm, { _tag: 'forward' }, model, { n: 9, batch: 1 }))
  t.equal(runtime.decided(single), single, 'nothing is decided for a plan that runs launch by launch')
  await runtime.close()
})
