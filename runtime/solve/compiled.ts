/** Networks compiled for a backend, in float32. */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../codegen/compile'
import type { Typed } from '../../spec/infer'
import { type BackendError, type BackendName, backendError } from '../backends/error'
import { open } from '../backends/open'
import type { Arrays, Executable, Runtime } from '../backends/runtime'
import { type Device, type Network, network, type Work } from './network'

// --- one network ------------------------------------------------------------------------------------------------------

const work = (executable: Executable): Work<Float32Array> => ({
  numbers: (length) => new Float32Array(length),
  load: (A) => executable.load({ A }),
  run: async (b) =>
    E.map((outputs: Arrays) => {
      const x = outputs['x']
      if (x === undefined) throw new Error('internal: a network has no output x')
      return x
    })(await executable.run({ b }, ['x'])())
})

/** What is kept compiled: at most this many networks, and this many matrix entries in all. */
const [mostNetworks, mostEntries] = [8, 2 ** 25]

interface Kept {
  readonly network: Network
  readonly executable: Executable
  readonly entries: number
}

// --- one device ------------------------------------------------------------------------------------------------------

const device = (runtime: Runtime): Device => {
  // A form of a network is judged once, and what it was judged as stands for it.
  const kept = new Map<Typed, Map<string, Kept>>()
  let total = 0
  let count = 0

  const drop = async (keep: number): Promise<void> => {
    if (count < mostNetworks && total + keep <= mostEntries) return
    for (const sizes of kept.values()) for (const { executable } of sizes.values()) await executable.dispose()
    kept.clear()
    total = 0
    count = 0
  }

  return {
    backend: runtime.backend,
    adapter: runtime.adapter,
    network: async (choice, n, slots) => {
      const { batch, shared } = slots
      const size = `${n} ${batch} ${shared}`
      const old = kept.get(choice.typed)?.get(size)
      if (old !== undefined) return E.right(old.network)
      const plan = shared
        ? planFor(runtime.target, { _tag: 'forwardMany' }, choice.typed, { n, batch: 1, rhs: batch })
        : planFor(runtime.target, { _tag: 'forward' }, choice.typed, { n, batch })
      if (E.isLeft(plan)) return E.left(backendError(runtime.backend, 'program', `${choice.name}: ${plan.left}`))
      const entries = (shared ? 1 : batch) * n * n
      await drop(entries)
      const compiled = await runtime.compile(plan.right)()
      if (E.isLeft(compiled)) return compiled
      const executable = compiled.right
      const numbers = Object.entries(choice.weights).map(([name, array]) => [name, Float32Array.from(array)] as const)
      const loaded = executable.load(Object.fromEntries(numbers))
      if (E.isLeft(loaded)) return loaded
      const fresh = { network: network(work(executable), choice, n, slots), executable, entries }
      kept.set(choice.typed, (kept.get(choice.typed) ?? new Map<string, Kept>()).set(size, fresh))
      total += fresh.entries
      count++
      return E.right(fresh.network)
    },
    close: () => runtime.close()
  }
}

/** Opens a backend as a device. */
export const openDevice = async (name: BackendName): Promise<E.Either<BackendError, Device>> => {
  const opened = await open(name)()
  return E.isLeft(opened) ? opened : E.right(device(opened.right))
}
