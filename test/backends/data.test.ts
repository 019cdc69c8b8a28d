/** Data of a call on every backend of the processor: when they may change, and what a call without them finds. */
import test from 'tape'

import { plan } from '../../codegen/compile'
import type { BackendName } from '../../runtime/backends/error'
import { open } from '../../runtime/backends/open'
import { fold, key, normal } from '../../runtime/random/key'
import { Zoo } from '../../spec'
import { right, typed } from '../support/right'

const elements = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

test('what was loaded stays what it was, and calls see what was there when they were made', async (t) => {
  for (const backend of ['wasm', 'webasm', 'cpu'] satisfies BackendName[]) {
    // Sixteen systems run as groups on wasm, two launch by launch.
    for (const batch of [2, 16]) {
      const runtime = right(await open(backend, { threads: 1 })())
      const made = right(
        plan(runtime.target, { _tag: 'forward' }, typed(Zoo.polynomial({ degree: 4, low: 0, high: 2 })), {
          n: 3,
          batch
        })
      )
      const executable = right(await runtime.compile(made)())
      const all = Object.fromEntries(
        made.inputs.map(({ name, dims }) => [
          name,
          Float32Array.from(normal(fold(key(1), name), elements(dims)), (v) => v / 4)
        ])
      )
      const on = `${backend}, ${batch} systems`
      const twice = (b: Float32Array): Float32Array => b.map((v) => 2 * v)
      const b = all['b'] as Float32Array
      right(executable.load(all))
      const first = right(await executable.run({})())['x'] as Float32Array
      t.ok(
        first.some((v) => v !== 0),
        `${on}: an answer`
      )
      const given = twice(b)
      const second = right(await executable.run({ b: given })())['x'] as Float32Array
      t.notDeepEqual(second, first, `${on}: other data give another`)
      given.fill(7)
      t.deepEqual(
        right(await executable.run({})())['x'],
        second,
        `${on}: what the caller does with an array afterwards changes nothing`
      )
      const waiting = executable.run({}, ['x'])()
      right(executable.load({ b }))
      t.deepEqual(right(await waiting)['x'], second, `${on}: a call does not see what was loaded after it was made`)
      t.deepEqual(right(await executable.run({})())['x'], first, `${on}: the next one does`)
      await runtime.close()
    }
  }
})
