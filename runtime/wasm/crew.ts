/**
 * Threads that run one program each on memories of their own, all of which this thread can read and write: the shares of a
 * batch. The first memory is this thread's.
 */

import type { Plan } from '../../codegen/plan'
import { print } from '../../codegen/targets/wasm/print'
import { sizeOf } from '../backends/executable'
import { compiled } from './compile'
import { thread } from './worker'

export interface Crew {
  /** The numbers of an array of the plan in the memory of thread `k`, as they lie there. */
  readonly numbers: (k: number, name: string) => Float32Array
  /** One call of every program. Rejects with a sentence where a thread fails or ends: then all end, and no call is made again. */
  readonly run: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Hand {
  readonly run: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What every worker does. */
const text = `
const { run } = new WebAssembly.Instance(data.module, { env: { memory: data.memory } }).exports
listen(() => {
  let failed = null
  try { run() } catch (cause) { failed = String(cause && cause.message) }
  tell(failed)
})
`

const hand = (module: WebAssembly.Module, memory: WebAssembly.Memory): Hand => {
  let ended: string | null = null
  let answer: ((failed: string | null) => void) | null = null
  const told = (failed: string | null): void => {
    // Between calls, threads do not keep the process alive.
    worker.keepAlive(false)
    answer?.(failed)
    answer = null
  }
  const worker = thread(
    text,
    { module, memory },
    {
      heard: (failed) => told(failed === null ? null : `failed: ${failed}`),
      ended: (how) => {
        ended ??= how
        told(ended)
      }
    }
  )
  return {
    run: () =>
      new Promise((resolve, reject) => {
        const settle = (failed: string | null): void => (failed === null ? resolve() : reject(new Error(failed)))
        if (ended !== null) return settle(ended)
        answer = settle
        worker.keepAlive(true)
        worker.post(0)
      }),
    close: () => worker.terminate()
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const runOwn = ({ run }: { readonly run: () => void }): void => {
  try {
    run()
  } catch (cause) {
    throw new Error(`failed: ${messageOf(cause)}`)
  }
}

/** One program for every plan, each on a thread of its own. */
export const crew = (plans: readonly Plan[]): Crew => {
  const programs = new Map(plans.map((plan) => [plan, print(plan, { shared: true })]))
  const modules = new Map([...programs].map(([plan, { module }]) => [plan, compiled(module)]))
  const made = plans.map((plan) => {
    const [program, module] = [programs.get(plan), modules.get(plan)]
    if (program === undefined || module === undefined) throw new Error('internal: a plan without its program')
    const { pages } = program.module.memory
    return { program, module, memory: new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }) }
  })
  const hands = made.slice(1).map(({ module, memory }) => hand(module, memory))
  const own = made.slice(0, 1).map(({ module, memory }) => {
    const instance = new WebAssembly.Instance(module, { env: { memory } })
    return instance.exports as unknown as { readonly run: () => void }
  })
  const close = async (): Promise<void> => void (await Promise.all(hands.map((h) => h.close())))
  let broken: Error | null = null
  return {
    numbers: (k, name) => {
      const { program, memory } = made[k] as (typeof made)[number]
      const at = program.places[name]
      if (at === undefined) throw new Error(`internal: ${name} of ${program.plan.name} has no place`)
      return new Float32Array(memory.buffer, at, sizeOf(program.plan, name))
    },
    run: async () => {
      if (broken !== null) throw broken
      const others = Promise.all(hands.map((h) => h.run()))
      // Whatever happens here, the others are waited for below.
      others.catch(() => undefined)
      try {
        for (const mine of own) runOwn(mine)
        await others
      } catch (cause) {
        broken = new Error(`a thread of a training step ${messageOf(cause)}`)
        await close()
        throw broken
      }
    },
    close
  }
}
