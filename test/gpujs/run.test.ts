import test, { type Test } from 'tape'
import type { BackendName } from '../../runtime/backends/probe'
import { open } from '../../runtime/gpujs/runtime'
import { get, gpujsBackends, missingBackends, must, probes } from './backends'
import { batched, type Case, chain, momentum, swap } from './programs'
import { recurrence } from './recurrence'

const worst = (got: Float32Array | undefined, expected: readonly number[]): number => {
  if (got?.length !== expected.length) return Number.POSITIVE_INFINITY
  const scale = Math.max(1e-3, ...expected.map(Math.abs))
  const errors = expected.map((value, index) => Math.abs(value - (got[index] ?? Number.NaN)) / scale)
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors)
}

const cases: readonly (readonly [string, Case])[] = [
  ['product chain 7x5x3x2', chain(7, 5, 3, 2)],
  ['product chain 1x1x1x1', chain(1, 1, 1, 1)],
  ['product chain 8x16x4x12', chain(8, 16, 4, 12)],
  ['rank 3, batch 1, a view', batched(1, 5, 7)],
  ['rank 3, batch 3, a view', batched(3, 7, 5)],
  ['5 steps of momentum', momentum(5, 5)],
  ['kept arrays that change places', swap()],
  ['100 launches', recurrence(100, 7, 3)],
  ['500 launches, 62 inputs', recurrence(500, 4, 60)]
]

const check = async (t: Test, label: string, one: Case, resident: boolean, backend: BackendName) => {
  const runtime = await must(open(backend, { resident }))
  try {
    const program = await must(runtime.compileProgram(one.program))
    get(program.load(one.kept))
    for (const [index, data] of one.calls.entries()) {
      const answer = await must(program.run(data))
      for (const [name, expected] of Object.entries(one.expect[index] ?? {})) {
        t.ok(worst(answer[name], expected) < 4e-6, `${label}: call ${index} ${name} is within 4e-6 (${program.kind})`)
      }
    }
    const kept = await must(program.read())
    for (const [name, expected] of Object.entries(one.after)) {
      t.ok(worst(kept[name], expected) < 4e-6, `${label}: ${name} is kept`)
    }
  } finally {
    await runtime.close()
  }
}

test('backends: those required are there', async (t) => {
  for (const { name, works, detail } of await probes()) t.comment(`${name}: ${works ? `runs on ${detail}` : detail}`)
  t.deepEqual(await missingBackends(), [], 'no required backend is missing')
})

test('hand-written programs compute what plain JavaScript computes', async (t) => {
  for (const backend of await gpujsBackends()) {
    const fuses = backend === 'webasm' || backend === 'webgpu'
    for (const resident of fuses ? [true, false] : [true]) {
      for (const [name, one] of cases) {
        const label = `${backend}${resident ? '' : ', published calls only'}: ${name}`
        await check(t, label, one, resident, backend)
      }
    }
  }
})

test('kept state gives the same bits as copying it at every call', async (t) => {
  for (const backend of await gpujsBackends()) {
    if (backend === 'cpu') continue
    const one = momentum(37, 6)
    const bits: string[] = []
    for (const resident of [true, false]) {
      const runtime = await must(open(backend, { resident }))
      const program = await must(runtime.compileProgram(one.program))
      get(program.load(one.kept))
      for (const data of one.calls) await must(program.run(data, ['tail']))
      const { w, v } = await must(program.read(['w', 'v']))
      bits.push([w, v].map((array) => new Uint32Array((array ?? new Float32Array(0)).slice().buffer).join(' ')).join())
      if (backend !== 'headlessgl') t.equal(program.resident, resident, `${backend}: resident is ${resident}`)
      await runtime.close()
    }
    t.equal(bits[0], bits[1], `${backend}: bit for bit`)
  }
})

test('a launch alone gives what the whole program gives', async (t) => {
  for (const backend of await gpujsBackends()) {
    const one = batched(3, 7, 5)
    const runtime = await must(open(backend))
    const program = await must(runtime.compileProgram(one.program))
    get(program.load(one.kept))
    const data = one.calls[0] ?? {}
    const { y, total } = await must(program.run(data))
    const bias = one.kept['packed']?.subarray(3, 10) ?? new Float32Array(7)
    const alone = await must(program.launch(0, [data['u'] ?? bias, data['x'] ?? bias, bias]))
    t.deepEqual(alone, y, `${backend}: the first launch`)
    t.deepEqual(await must(program.launch(1, [alone])), total, `${backend}: the second, on the first one's output`)
    t.ok(
      alone.some((value) => value !== 0),
      `${backend}: which is not zero`
    )
    await runtime.close()
  }
})
