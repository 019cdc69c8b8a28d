/** Runs the comparisons: starts contestants, checks what they answer, and times those whose answers hold. */
import { rmSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import path from 'node:path'
import { judge } from './check'
import { type Child, start } from './child'
import { command, type Entry, missing } from './contestants'
import type { Clocked } from './protocol'
import type { Comparison, Gap, Line, Results, Taker } from './result'
import { type Pace, type Racer, race, ratioOf, timingOf, together } from './rounds'
import { type Kept, keep, readDoubles, readSingles } from './store'
import type { Case } from './workload'

export interface Settings {
  readonly cases: readonly Case[]
  readonly entries: readonly Entry[]
  readonly threads: readonly number[]
  readonly pace: Pace
  /** Which time the ratios are of. */
  readonly clock: keyof Clocked
  readonly python: string
  /** The folder of this benchmark, where its packages are. */
  readonly home: string
  /** Where arrays are kept, and the texts that they depend on. */
  readonly data: string
  readonly sources: readonly string[]
  readonly say: (line: string) => void
}

/** A contestant in a lane of its own: with so many threads, in so many processes. */
interface Lane {
  readonly entry: Entry
  readonly threads: number
  readonly children: readonly Child[]
}

interface Prepared {
  readonly lane: Lane
  readonly method: string
  readonly gives: string
  readonly error: number
  readonly racer: Racer
}

const words = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const clocked = ({ each }: { readonly each?: Clocked }): Clocked => {
  if (each === undefined) throw new Error('internal: a contestant gave no time')
  return each
}

const racerOf =
  (method: string) =>
  (child: Child): Racer => ({
    warm: async (milliseconds) => clocked(await child.ask({ ask: 'warm', method, milliseconds })),
    turn: async (calls, again) => clocked(await child.ask({ ask: 'time', method, calls, again }))
  })

/** Every contestant with every number of threads it can have, started; those that cannot start, with the reason. */
const startAll = async ({ cases, entries, threads, home, python, say }: Settings) => {
  const lanes: Lane[] = []
  const absent: { name: string; threads: number; why: string }[] = []
  const launch = async (entry: Entry, count: number, processes: number): Promise<void> => {
    const children: Child[] = []
    try {
      for (let k = 0; k < processes; k++) children.push(await start(command(entry, home, count, python)))
      lanes.push({ entry, threads: count, children })
    } catch (cause) {
      for (const child of children) await child.stop()
      absent.push({ name: entry.name, threads: count, why: words(cause) })
      say(`${entry.name}: ${words(cause)}`)
    }
  }
  for (const entry of entries) {
    const why = missing(entry, home)
    if (why !== null) {
      absent.push({ name: entry.name, threads: 1, why })
      say(`${entry.name}: ${why}`)
      continue
    }
    for (const count of threads.filter((t) => entry.threads.includes(t))) await launch(entry, count, 1)
    const paired = cases.some(({ workload }) => entry.pair?.includes(workload))
    if (paired && threads.some((t) => t > 1)) await launch(entry, 1, 2)
  }
  return { lanes, absent }
}

/** Prepares one method everywhere in its lane and holds its answer against the reference. */
const prepare = async (
  of: Case,
  kept: Kept,
  lane: Lane,
  { name, gives }: { readonly name: string; readonly gives: string },
  scratch: string
): Promise<Prepared | Gap> => {
  const gap = (why: string, wrong: boolean): Gap => ({
    contestant: lane.entry.name,
    method: name,
    threads: lane.threads,
    why,
    wrong
  })
  const reference = kept.references[gives]
  if (reference === undefined) throw new Error(`internal: ${of.workload} has no reference ${gives}`)
  const { workload, sizes } = of
  const job = { workload, method: name, sizes, arrays: kept.arrays, threads: lane.threads }
  const file = path.join(scratch, `answer-${process.pid}.f32`)
  let error = 0
  try {
    for (const child of lane.children) {
      const { skipped } = await child.ask({ ask: 'prepare', job })
      if (skipped !== undefined) return gap(skipped, false)
      await child.ask({ ask: 'answer', method: name, file })
      const verdict = judge(readSingles(file), readDoubles(reference.file), reference.tolerance)
      if (verdict.wrong !== null) return gap(verdict.wrong, true)
      error = Math.max(error, verdict.error)
    }
    return { lane, method: name, gives, error, racer: together(lane.children.map(racerOf(name))) }
  } catch (cause) {
    return gap(words(cause), false)
  } finally {
    rmSync(file, { force: true })
  }
}

const isGap = (found: Prepared | Gap): found is Gap => 'why' in found

/** The prepared method that ratios are of: the first of the case's wishes that is there, on one thread. */
const baselineOf = (of: Case, ready: readonly Prepared[]): Prepared | undefined =>
  of.baseline
    .map((wish) =>
      ready.find(
        ({ lane, method }) =>
          lane.threads === 1 && lane.children.length === 1 && `${lane.entry.name} ${method}` === wish
      )
    )
    .find((found) => found !== undefined)

/** The methods of a lane for a case. */
const methodsOf = ({ entry, children }: Lane, { workload }: Case) =>
  children.length > 1 && entry.pair?.includes(workload) !== true
    ? []
    : children[0]!.greeting.methods.filter((m) => m.workload === workload)

const compare = async (of: Case, lanes: readonly Lane[], settings: Settings): Promise<Comparison> => {
  const { data, sources, pace, clock, say } = settings
  say(`${of.title}: operands and references`)
  const kept = keep(of, data, sources)
  const [ready, gaps]: [Prepared[], Gap[]] = [[], []]
  for (const lane of lanes) {
    for (const method of methodsOf(lane, of)) {
      say(`${of.title}: ${lane.entry.name} ${method.name}`)
      const found = await prepare(of, kept, lane, method, data)
      if (!isGap(found)) ready.push(found)
      else {
        gaps.push(found)
        say(`${found.contestant} ${found.method}: ${found.wrong ? 'WRONG, ' : ''}${found.why}`)
      }
    }
  }
  const samples = await race(
    ready.map(({ racer }) => racer),
    pace,
    (done) => say(`${of.title}: round ${done}`)
  )
  const baseline = baselineOf(of, ready)
  const base = baseline === undefined ? undefined : samples[ready.indexOf(baseline)]
  const lines = ready.map(({ lane, method, gives, error }, k): Line => {
    const [wall, cpu] = [samples[k]!.map((s) => s.wall), samples[k]!.map((s) => s.cpu)]
    const time = timingOf(wall)
    const given = (s: Clocked): number => s[clock]
    const operations = of.operations(gives)
    const processes = lane.children.length
    return {
      contestant: lane.entry.name,
      method,
      threads: lane.threads,
      processes,
      time,
      cpu: timingOf(cpu),
      ratio: base === undefined ? null : ratioOf(samples[k]!.map(given), base.map(given)),
      gflops:
        operations === null ? null : (processes * operations) / (clock === 'wall' ? time : timingOf(cpu)).median / 1e6,
      error,
      samples: samples[k]!
    }
  })
  for (const { children } of lanes) for (const child of children) await child.ask({ ask: 'close' })
  const name = baseline === undefined ? null : `${baseline.lane.entry.name} ${baseline.method}`
  return { workload: of.workload, title: of.title, sizes: of.sizes, baseline: name, clock, lines, gaps }
}

const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`
})

export const run = async (settings: Settings): Promise<Results> => {
  const date = new Date().toISOString()
  const loadBefore = loadavg()[0] ?? 0
  const { lanes, absent } = await startAll(settings)
  const contestants: readonly Taker[] = lanes
    .filter((lane) => lane.children.length === 1)
    .map(({ entry, threads, children }) => ({
      name: entry.name,
      threads,
      version: children[0]!.greeting.version,
      detail: children[0]!.greeting.detail
    }))
  const comparisons: Comparison[] = []
  try {
    for (const of of settings.cases) comparisons.push(await compare(of, lanes, settings))
  } finally {
    for (const { children } of lanes) for (const child of children) await child.stop()
  }
  return {
    date,
    machine: { ...machine(), loadBefore, loadAfter: loadavg()[0] ?? 0 },
    contestants,
    absent,
    comparisons
  }
}
