/** The script of the page: climbs the ladder on every backend that browsers have, and posts what it found. */
import * as E from 'fp-ts/Either'
import { choose } from '../../runtime/backends/choose'
import { open } from '../../runtime/backends/open'
import { type BackendName, probeAll } from '../../runtime/backends/probe'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import type { Device } from '../../runtime/ladder/device'
import type { Row } from '../../runtime/ladder/rung'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'
import type { Calls, Climb, Missing, Report } from './report'
import { threads } from './threads'

const backends: readonly BackendName[] = ['cpu', 'wasm', 'webasm', 'webgl2', 'webgpu', 'wgsl']

const models: readonly string[] = ['block-linear-2', 'polynomial-6']

const counted = { webasm: 0, webgl2: 0, webgpu: 0 }

/** Counts the calls of a method of one of the browser's classes; a class that it lacks is left alone. */
const countCalls = (what: keyof Calls, className: string, method: string): void => {
  const owner = (globalThis as unknown as Record<string, { readonly prototype: Record<string, unknown> } | undefined>)[
    className
  ]
  const original = owner?.prototype[method]
  if (owner === undefined || typeof original !== 'function') return
  owner.prototype[method] = function (this: unknown, ...args: readonly unknown[]): unknown {
    counted[what]++
    return Reflect.apply(original, this, args)
  }
}

const countInstances = (): void => {
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct: (target, args) => {
      counted.webasm++
      return Reflect.construct(target, args)
    }
  })
}

const say = (r: Row): string => `${r.rung} n=${r.n} batch=${r.batch} ${r.what} ${r.error} > ${r.bound} ${r.fault ?? ''}`

/** Writes down how each compiled program executes. */
const watched = (runtime: Parameters<typeof deviceOf>[0], kinds: Set<string>): Device =>
  deviceOf({
    ...runtime,
    compile: (plan, printers) => async () => {
      const made = await runtime.compile(plan, printers)()
      if (E.isRight(made)) kinds.add(made.right.kind)
      return made
    }
  })

const climb = async (model: string, backend: BackendName): Promise<Climb | Missing> => {
  const entry = catalogue[model]
  if (entry === undefined) throw new Error(`internal: the zoo has no ${model}`)
  const start = performance.now()
  const opened = await open(backend)()
  if (E.isLeft(opened)) return { backend, why: opened.left.message }
  const runtime = opened.right
  const kinds = new Set<string>()
  const before = { ...counted }
  const rows = await check({ typed: (n) => typed(entry.model(n)), weights: null }, watched(runtime, kinds), {
    sizes: [3],
    batches: [2]
  })
  const calls: Calls = {
    webasm: counted.webasm - before.webasm,
    webgl2: counted.webgl2 - before.webgl2,
    webgpu: counted.webgpu - before.webgpu
  }
  await runtime.close()
  return {
    model,
    backend,
    opened: runtime.backend,
    adapter: runtime.adapter,
    kinds: [...kinds],
    calls,
    rungs: rows.map((r) => r.rung),
    broken: rows.filter((r) => !r.ok).map(say),
    seconds: (performance.now() - start) / 1000
  }
}

const post = (report: Report): Promise<Response> =>
  fetch('/report', { method: 'POST', body: JSON.stringify(report), headers: { 'Content-Type': 'application/json' } })

const main = async (): Promise<void> => {
  countInstances()
  countCalls('webgl2', 'WebGL2RenderingContext', 'drawArrays')
  countCalls('webgpu', 'GPUComputePassEncoder', 'dispatchWorkgroups')
  const probes = await probeAll()()
  const auto = right(await choose('auto')())
  const climbs: Climb[] = []
  const missing: Missing[] = []
  for (const backend of backends) {
    for (const model of models) {
      const climbed = await climb(model, backend)
      if ('why' in climbed) {
        missing.push(climbed)
        break
      }
      climbs.push(climbed)
    }
  }
  await post({ probes, auto, climbs, missing, threads: await threads(), fault: null })
}

main().catch((cause: unknown) => {
  const fault = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  return post({ probes: [], auto: '', climbs: [], missing: [], threads: null, fault })
})
