/**
 * Networks on a device: a choice made ready for `batch` systems of `n` unknowns, its matrices put in once and applied to many
 * right-hand sides. A device compiles (`compiled.ts`) or interprets (`interpreted.ts`).
 */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../backends/error'
import type { Choice } from './choose'
import type { Prepared } from './prepare'
import type { Computes } from './solution'

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

/** An opened backend, or the interpreter. */
export interface Device {
  readonly backend: Computes
  readonly adapter: string
  network(choice: Choice, n: number, slots: Slots): Promise<E.Either<BackendError, Network>>
  close(): Promise<void>
}

/** The numbers of a device. */
type Floats = Float32Array | Float64Array

/** A choice in work: its matrices [batch, n, n], or one [n, n], stay until others are put in; b and x are [batch, n]. */
export interface Work<F extends Floats> {
  readonly numbers: (length: number) => F
  readonly load: (A: F) => E.Either<BackendError, void>
  readonly run: (b: F) => Promise<E.Either<BackendError, F>>
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

/** What every device does for its own: scaling systems on their way in and answers on their way out. */
export const network = <F extends Floats>(
  { numbers, load, run }: Work<F>,
  choice: Choice,
  n: number,
  { batch, shared }: Slots
): Network => {
  const matrices = shared ? 1 : batch
  const A = numbers(matrices * n * n)
  const b = numbers(batch * n)
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
      const loaded = load(A)
      if (E.isLeft(loaded)) return loaded
      stale = false
    }
    const ran = await run(b)
    if (E.isLeft(ran)) return ran
    const x = ran.right
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
