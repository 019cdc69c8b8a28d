/** The `wasm` backend: our own WebAssembly modules, on the processor. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Plan } from '../../codegen/plan'
import type { Printers } from '../../codegen/printers'
import { asGroups, decided } from '../../codegen/targets/wasm/lanes/choose'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { asBackendError, type BackendError, type BackendName, backendError } from '../backends/error'
import { executableOf, type ProgramEngine, portsOf } from '../backends/executable'
import type { Executable, OpenOptions, Runtime } from '../backends/runtime'
import { canFuse } from './compile'
import { engine } from './engine'
import { inGroups } from './in-groups'
import { parallelism } from './worker'

const backend: BackendName = 'wasm'

/** A module of one instruction on vectors: whether the engine knows them. */
const vectors = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 17, 26, 11]
)

/** Batches of small systems as a loop over groups of them, all else launch by launch. */
const engineFor = async (
  plan: Plan,
  threads: number,
  fused: boolean,
  printers?: Partial<Printers>
): Promise<ProgramEngine> => {
  const inside = printers?.wasm === undefined ? asGroups(plan) : null
  if (inside !== null) return inGroups(plan, inside, threads, fused)
  return engine((printers?.wasm ?? print)(plan, { threads }), fused)
}

export const open =
  (name: BackendName, options: OpenOptions = {}): TaskEither<BackendError, Runtime> =>
  async () => {
    if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(vectors)) {
      return E.left(backendError(name, 'unavailable', 'this engine has no WebAssembly with SIMD'))
    }
    const threads = options.threads ?? parallelism()
    const fused = options.fused !== false && canFuse()
    const live = new Set<Executable>()
    const compile: Runtime['compile'] = (plan, printers) => async () => {
      try {
        const made = executableOf(backend, portsOf(plan), await engineFor(plan, threads, fused, printers))
        live.add(made)
        return E.right(made)
      } catch (cause) {
        return E.left(asBackendError(backend, 'compile', `program ${plan.name}`, cause))
      }
    }
    const close = async (): Promise<void> => {
      for (const made of live) await made.dispose()
      live.clear()
    }
    const adapter = fused ? 'WebAssembly SIMD, fused multiply-add' : 'WebAssembly SIMD'
    return E.right({ backend, adapter, hardware: false, target: wasm, patch: null, compile, decided, close })
  }
