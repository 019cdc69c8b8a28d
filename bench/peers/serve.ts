/** A contestant's process: reads requests, does the work, keeps the time. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import type { Contestant, Job, Ready } from './contestant'
import { type Clocked, line, type Reply, type Request } from './protocol'

/** An operand of a job. */
export const operand = (job: Job, name: string): Float32Array<ArrayBuffer> => {
  const stored = job.arrays[name]
  if (stored === undefined) throw new Error(`internal: ${job.workload} has no operand ${name}`)
  const bytes = readFileSync(stored.file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer)
}

export const size = (job: Job, name: string): number => {
  const value = job.sizes[name]
  if (value === undefined) throw new Error(`internal: ${job.workload} has no size ${name}`)
  return value
}

const clock = async (ready: Ready, calls: number): Promise<Clocked> => {
  const before = process.cpuUsage()
  const start = performance.now()
  for (let k = 0; k < calls; k++) {
    const result = ready.call()
    if (result instanceof Promise) await result
  }
  const wall = (performance.now() - start) / calls
  const { user, system } = process.cpuUsage(before)
  return { wall, cpu: (user + system) / 1000 / calls }
}

/** Milliseconds a call after which one call warms up: the answer was asked for before it. */
const slow = 1000

const warm = async (ready: Ready, milliseconds: number): Promise<Clocked> => {
  const start = performance.now()
  const first = await clock(ready, 1)
  if (first.wall > slow) return first
  let each = await clock(ready, 1)
  for (let calls = 1; performance.now() - start < milliseconds; calls *= 2) each = await clock(ready, calls)
  return each
}

const answerer = (contestant: Contestant) => {
  const prepared = new Map<string, Ready>()
  const of = (method: string): Ready => {
    const found = prepared.get(method)
    if (found === undefined) throw new Error(`internal: ${method} is not prepared`)
    return found
  }
  const prepare = async (job: Job): Promise<Reply> => {
    const method = contestant.methods.find((m) => m.workload === job.workload && m.name === job.method)
    if (method === undefined) throw new Error(`internal: no method ${job.method} for ${job.workload}`)
    const skipped = method.skips?.(job.sizes) ?? null
    if (skipped !== null) return { ok: true, skipped }
    prepared.set(job.method, await method.prepare(job))
    return { ok: true }
  }
  return async (request: Request): Promise<Reply> => {
    switch (request.ask) {
      case 'prepare':
        return prepare(request.job)
      case 'answer': {
        const values = await of(request.method).answer()
        writeFileSync(request.file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
        return { ok: true }
      }
      case 'warm':
        return { ok: true, each: await warm(of(request.method), request.milliseconds) }
      case 'time':
        if (request.again) await of(request.method).call()
        return { ok: true, each: await clock(of(request.method), request.calls) }
      case 'close':
        for (const ready of prepared.values()) await ready.close()
        prepared.clear()
        return { ok: true }
    }
  }
}

/** Greets, then answers requests until the input ends. */
export const serve = async (contestant: Contestant): Promise<void> => {
  const { version, detail, methods } = contestant
  const say = (reply: Reply): void => void process.stdout.write(line(reply))
  const answer = answerer(contestant)
  say({
    ok: true,
    greeting: { version, detail, methods: methods.map(({ workload, name, gives }) => ({ workload, name, gives })) }
  })
  for await (const text of createInterface({ input: process.stdin })) {
    try {
      say(await answer(JSON.parse(text) as Request))
    } catch (cause) {
      say({ ok: false, why: cause instanceof Error ? cause.message : String(cause) })
    }
  }
  // Some libraries keep threads that would hold the process open.
  process.exit(0)
}

/** The version of an installed package; what packages let one import says nothing of it. */
export const versionOf = (name: string): string => {
  const file = new URL(`./node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

/** Threads that this process may use. */
export const threads = (): number => Number(process.env['PEERS_THREADS'] ?? '1')
