/**
 * Networks on a device: a choice compiled for `batch` systems of `n` unknowns, its matrices in float32 put in once and
 * applied to many right-hand sides.
 */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../codegen/compile'
import type { Typed } from '../../spec/infer'
import { type BackendError, type BackendName, backendError } from '../backends/error'
import { open } from '../backends/open'
import type { Executable, Runtime } from '../backends/runtime'
import type { Choice } from './choose'
import type { Prepared } from './prepare'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Network {
  readonly choice: Choice
  readonly n: number
  readonly batch: number
  /** Put `c E S E` into a slot, `c` such that the largest eigenvalue lies `widening` below the network's top. */
  place(slot: number, system: Prepared, widening: number): void
  /**
   * For every slot k with `r_k`: `y_k` with `S y_k` near `r_k`. Slots left null keep their matrix and answer null.
   */
  apply(residuals: readonly (Float64Array | null)[]): Promise<E.Either<BackendError, readonly (Float64Array | null)[]>>
}

/** Slots for `batch` systems, each with a matrix of its own, or all with one. */
export interface Slots {
  readonly batch: number
  readonly shared: boolean
}

/** An opened backend. */
export interface Device {
  readonly backend: BackendName
  readonly adapter: string
  network(choice: Choice, n: number, slots: Slots): Promise<E.Either<BackendError, Network>>
  close(): Promise<void>
}

/** A slot's part. */
interface Slot {
  readonly system: Prepared
  readonly widening: number
}

/** What a matrix on the device was made of, and what answers are multiplied by. */
interface Placed {
  readonly S: Float64Array
  readonly widening: number
  readonly c: number
}

const norm2 = (v: Float64Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))

// --- one network -----------------------------------------------------------------------------------------------------

const network = (executable: Executable, choice: Choice, n: number, { batch, shared }: Slots): Network => {
  const matrices = shared ? 1 : batch
  const A = new Float32Array(matrices * n * n)
  const b = new Float32Array(batch * n)
  const slots: (Slot | null)[] = Array.from({ length: batch }, () => null)
  const placed: (Placed | null)[] = Array.from({ length: matrices }, () => null)
  /** The norm that a system's right-hand sides are given. */
  const wanted = ({ rhs }: Prepared): number =>
    choice.rightHandSide === 'own' ? norm2(rhs) : choice.rightHandSide === 'unit' ? 1 : Math.sqrt(n)
  let stale = true

  const matrixOf = (slot: number): number => (shared ? 0 : slot)

  const place = (slot: number, system: Prepared, asked: number): void => {
    slots[slot] = { system, widening: asked }
    // Right-hand sides of one matrix share the widest window that any of them asked for.
    const widening = shared ? slots.reduce((most, own) => Math.max(most, own?.widening ?? 1), 1) : asked
    const { S, e } = system
    const before = placed[matrixOf(slot)]
    if (before?.S === S && before.widening === widening) return
    // A network that reads columns takes them as they are.
    const c = system.spectrum === null ? 1 : choice.top / (system.spectrum.high * widening)
    const start = matrixOf(slot) * n * n
    for (let i = 0; i < n; i++) {
      const ci = c * e[i]!
      for (let j = 0, p = i * n; j < n; j++, p++) A[start + p] = S[p]! * ci * e[j]!
    }
    placed[matrixOf(slot)] = { S, widening, c }
    stale = true
  }

  const apply: Network['apply'] = async (residuals) => {
    const sizes = new Float64Array(batch)
    b.fill(0)
    for (let k = 0; k < batch; k++) {
      const [slot, r] = [slots[k], residuals[k]]
      if (!slot || !r) continue
      const { e } = slot.system
      let sum = 0
      for (let i = 0; i < n; i++) sum += (e[i]! * r[i]!) ** 2
      const size = Math.sqrt(sum) / wanted(slot.system)
      sizes[k] = size
      if (size > 0 && size < Infinity) for (let i = 0; i < n; i++) b[k * n + i] = (e[i]! * r[i]!) / size
    }
    if (stale) {
      const loaded = executable.load({ A })
      if (E.isLeft(loaded)) return loaded
      stale = false
    }
    const ran = await executable.run({ b }, ['x'])()
    if (E.isLeft(ran)) return ran
    const x = ran.right['x']
    if (x === undefined) throw new Error('internal: a network has no output x')
    // One array for all answers: engines are slow at making small ones.
    const answers = new Float64Array(batch * n)
    return E.right(
      residuals.map((r, k) => {
        const slot = slots[k]
        if (!slot || !r) return null
        const z = answers.subarray(k * n, (k + 1) * n)
        if (sizes[k] === 0) return z
        const { e } = slot.system
        const factor = placed[matrixOf(k)]!.c * sizes[k]!
        for (let i = 0; i < n; i++) z[i] = e[i]! * factor * x[k * n + i]!
        return z
      })
    )
  }

  return { choice, n, batch, place, apply }
}

// --- one device ------------------------------------------------------------------------------------------------------

/** What is kept compiled: at most this many networks, and this many matrix entries in all. */
const [mostNetworks, mostEntries] = [8, 2 ** 25]

interface Kept {
  readonly network: Network
  readonly executable: Executable
  readonly entries: number
}

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
      const fresh = { network: network(executable, choice, n, slots), executable, entries }
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
