import { spawnSync } from 'node:child_process'
import * as E from 'fp-ts/Either'
import test from 'tape'
import { open } from '../../runtime/gpujs/runtime'
import { provideWebGPU } from '../../runtime/webgpu/node'
import { get, must, workingBackends } from './backends'
import { momentum } from './programs'

interface Adapter {
  readonly requestDevice: (...args: readonly unknown[]) => Promise<{ destroy(): void }>
}

interface Gpu {
  requestAdapter: () => Promise<Adapter | null>
}

/** Watches which devices gpu.js gets, so that a test can take them away. */
const watch = (): { destroy(): void }[] => {
  const devices: { destroy(): void }[] = []
  const { gpu } = globalThis.navigator as unknown as { gpu: Gpu }
  const ask = gpu.requestAdapter
  gpu.requestAdapter = async () => {
    const adapter = await ask.call(gpu)
    if (adapter === null) return null
    const requestDevice = async (...args: readonly unknown[]) => {
      const device = await adapter.requestDevice(...args)
      devices.push(device)
      return device
    }
    return new Proxy(adapter, {
      get: (target, name) => {
        if (name === 'requestDevice') return requestDevice
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
  return devices
}

let devices: { destroy(): void }[] | null = null

for (const resident of [true, false]) {
  test(`a lost device is said to be lost, ${resident ? 'kept state' : 'published calls'}`, async (t) => {
    const refused = await provideWebGPU(true)
    if (refused !== null) return t.comment(`skipped: ${refused}`)
    const one = momentum(5, 2)
    const [first = {}, second = {}] = one.calls
    devices ??= watch()
    const before = await must(open('webgpu', { resident }))
    const opener = await must(before.compileProgram(one.program))
    get(opener.load(one.kept))
    await must(opener.run(first))
    for (const device of devices) device.destroy()
    t.ok(devices.length > 0, 'a device was taken away')
    const answer = await opener.run(second)()
    t.equal(E.isLeft(answer) ? answer.left.reason : 'an answer', 'lost', 'the call says lost')
    if (E.isLeft(answer)) t.comment(answer.left.message)
    const again = await opener.run(second)()
    t.equal(E.isLeft(again) ? again.left.reason : 'an answer', 'lost', 'and so does the next')
    const kept = await opener.read(['w'])()
    t.equal(E.isLeft(kept) ? kept.left.reason : 'an answer', 'lost', 'and so does reading the state')
    await before.close()
    const after = await must(open('webgpu', { resident }))
    const program = await must(after.compileProgram(one.program))
    get(program.load(one.kept))
    t.ok(E.isRight(await program.run(first)()), 'opened again, it runs')
    await after.close()
  })
}

test('a process that used webgpu ends by itself', async (t) => {
  if (!(await workingBackends()).includes('webgpu')) return t.comment('skipped: webgpu does not work here')
  const script = `
import { choose } from './runtime/backends/choose'
import { probe } from './runtime/backends/probe'
await choose('auto')()
const probed = await probe('webgpu')()
process.stdout.write(JSON.stringify(probed))`
  const args = ['--import', 'tsx', '--input-type=module-typescript', '-e', script]
  const flags = ['--import', 'tsx', '--input-type=module', '-e', script]
  const [major = 20] = process.versions.node.split('.').map(Number)
  const ended = spawnSync(process.execPath, major >= 23 ? args : flags, { encoding: 'utf8', timeout: 120000 })
  t.equal(ended.status, 0, 'with exit code 0')
  t.equal(ended.stderr, '', 'and silently')
  t.match(ended.stdout, /"works":true/, ended.stdout)
})
