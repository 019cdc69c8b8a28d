/**
 * Scans: a recurrence over tokens as one rule. A step says what one token gives from its own numbers and from what the step
 * before left; its VJP says the same of cotangents and runs the other way. What does not depend on the recurrence, products
 * with every token and cotangents of weights, are single equations over all tokens, before and behind the steps.
 *
 * Steps are written out, one after the other, in equal words, so that they share their kernels. Arrays over tokens come apart
 * and together in fours: see Note [Fours].
 */
import * as Dim from '../spec/dim'
import { below, expr, type Index, index, mapReads, minus, plus, type Term, tensor, zero } from './expr'
import { type Line, labelled, type Rule, set } from './rule'
import { simplify } from './simplify'

// --- model -----------------------------------------------------------------------------------------------------------

/** Steps in one direction. All arrays have systems first; those over all tokens have tokens second. */
export interface Sweep {
  /** Arrays over all tokens of which a step reads its own token, and their axes behind that. */
  readonly taken: Readonly<Record<string, readonly Index[]>>
  /** What a step reads of the step before it, by the name that it had there; zero at the first step. */
  readonly carried: Readonly<Record<string, string>>
  readonly step: readonly Line[]
  /** Arrays over all tokens that are made of what the steps define or carry. */
  readonly kept: Readonly<Record<string, string>>
}

export interface Scan {
  readonly name: string
  readonly inputs: readonly string[]
  readonly parameters: readonly string[]
  readonly outputs: readonly string[]
  readonly tokens: number
  /** Whether the last token comes first. */
  readonly backward: boolean
  /** What all tokens need at once, before the first step. */
  readonly before: readonly Line[]
  readonly forward: Sweep
  /** Its steps may read what the forward step of their token defined or carried. */
  readonly vjp: Sweep
  /** What all tokens give at once, behind the last step of the VJP. */
  readonly behind: readonly Line[]
}

const token = (size: number): Index => index('i', size)

// --- fours -----------------------------------------------------------------------------------------------------------

const most = 4

/** Stretches of `size` places, at most four, all but the last of the same power of four. */
const stretches = (size: number): readonly { readonly from: number; readonly size: number }[] => {
  let each = 1
  while (each * most < size) each *= most
  return Array.from({ length: Math.ceil(size / each) }, (_, k) => ({
    from: k * each,
    size: Math.min(each, size - k * each)
  }))
}

/** Where one token of an array is read: in the array itself, or in a part of it. */
interface Taken {
  readonly array: string
  readonly at: number
}

interface Apart {
  readonly lines: readonly Line[]
  readonly tokens: readonly Taken[]
}

/** `part[s,i,..] = whole[s,from+i,..]`, and the parts of that, until they have four tokens. */
const apart = (array: string, rest: readonly Index[], size: number): Apart => {
  if (size <= most) return { lines: [], tokens: Array.from({ length: size }, (_, at) => ({ array, at })) }
  const s = index('s', Dim.batch)
  const parts = stretches(size).map((stretch): Apart => {
    const part = `${array}.${stretch.from}`
    const i = token(stretch.size)
    const own = set(part, [s, i, ...rest], tensor(array)(s, plus(i, stretch.from), ...rest))
    const inner = apart(part, rest, stretch.size)
    return { lines: [labelled(own, { [part]: 'part', [array]: 'whole' }), ...inner.lines], tokens: inner.tokens }
  })
  return { lines: parts.flatMap((p) => p.lines), tokens: parts.flatMap((p) => p.tokens) }
}

/** The values of consecutive tokens as one array, by stretches of fours; null is zero. */
const together = (
  array: string,
  label: string,
  rest: readonly Index[],
  values: readonly (string | null)[]
): readonly Line[] => {
  const s = index('s', Dim.batch)
  const i = token(values.length)
  const own = stretches(values.length)
  const inner = own.map(({ from, size }) => {
    const part = size === 1 ? (values[from] ?? null) : `${array}.${from}`
    return { part, lines: size === 1 ? [] : together(part ?? '', 'part', rest, values.slice(from, from + size)) }
  })
  const read = (k: number): Term => {
    const [stretch, part] = [own[k], inner[k]?.part]
    if (stretch === undefined || part === undefined || part === null) return 0
    return stretch.size === 1 ? tensor(part)(s, ...rest) : tensor(part)(s, minus(i, stretch.from), ...rest)
  }
  const value = own.reduceRight<Term>(
    (others, { from, size }, k) => (k === own.length - 1 ? read(k) : below(i, from + size, read(k), others)),
    0
  )
  const labels = Object.fromEntries(inner.flatMap(({ part }, k) => (part === null ? [] : [[part, `part${k}`]])))
  const line = set(array, [s, i, ...rest], simplify(expr(value)))
  return [...inner.flatMap((p) => p.lines), labelled(line, { [array]: label, ...labels })]
}

// --- steps -----------------------------------------------------------------------------------------------------------

/** What a name means at a token: an array of the rule, with the place of the token where it has one, or zero. */
type Meaning = { readonly array: string; readonly at: number | null } | 'zero' | undefined

/** A line with its names given their meanings, called by the names that it had. */
const written = (line: Line, defines: string, meaning: (name: string) => Meaning): Line => {
  const labels: Record<string, string> = { [defines]: line.defines }
  const value = mapReads((r) => {
    const of = meaning(r.tensor)
    if (of === undefined) return r
    if (of === 'zero') return zero
    labels[of.array] = r.tensor
    const [system, ...rest] = r.at
    if (of.at === null || system === undefined) return { ...r, tensor: of.array }
    return { ...r, tensor: of.array, at: [system, { _tag: 'size', dim: Dim.constant(of.at) }, ...rest] }
  })(line.value)
  return labelled(set(defines, line.over, simplify(value)), labels)
}

/** What a sweep defines, what its names mean at every token, and their axes behind the system. */
interface Swept {
  readonly lines: readonly Line[]
  readonly meaning: (at: number, name: string) => Meaning
  readonly axes: (name: string) => readonly Index[]
}

const nothing: Swept = { lines: [], meaning: () => undefined, axes: () => [] }

const ordered = (tokens: number, backward: boolean): readonly number[] => {
  const all = Array.from({ length: tokens }, (_, at) => at)
  return backward ? all.reverse() : all
}

/** All steps of a sweep; `known` says what other names mean. */
const sweep = (o: Sweep, tokens: number, backward: boolean, known: Swept): Swept => {
  const parts = Object.entries(o.taken).map(([array, rest]) => ({ array, ...apart(array, rest, tokens) }))
  const takenAt = new Map(parts.map((p) => [p.array, p.tokens]))
  const own = new Map(o.step.map((line) => [line.defines, line]))
  const order = ordered(tokens, backward)
  const before = new Map(order.map((at, k) => [at, order[k - 1]]))
  const zeros = new Set<string>()
  const meaning = (at: number, name: string): Meaning => {
    const taken = takenAt.get(name)?.[at]
    if (taken !== undefined) return taken
    const carried = o.carried[name]
    if (carried !== undefined) {
      const last = before.get(at)
      return last === undefined ? 'zero' : meaning(last, carried)
    }
    if (!own.has(name)) return known.meaning(at, name)
    return zeros.has(`${name}${at}`) ? 'zero' : { array: `${name}${at}`, at: null }
  }
  const lines: Line[] = parts.flatMap((p) => p.lines)
  for (const at of order) {
    for (const line of o.step) {
      const made = written(line, `${line.defines}${at}`, (name) => meaning(at, name))
      if (made.value._tag === 'number' && made.value.value === 0) zeros.add(made.defines)
      else lines.push(made)
    }
  }
  const axes = (name: string): readonly Index[] => {
    const line = own.get(o.carried[name] ?? name)
    return line === undefined ? known.axes(name) : line.over.slice(1)
  }
  for (const [array, name] of Object.entries(o.kept)) {
    const values = ordered(tokens, false).map((at) => {
      const of = meaning(at, name)
      return of === 'zero' || of === undefined ? null : of.array
    })
    lines.push(...together(array, array, axes(name), values))
  }
  return { lines, meaning, axes }
}

/** The rule of a scan; its VJP is written only where a derivative is asked for. */
export const scan = (o: Scan): Rule => {
  const forward = sweep(o.forward, o.tokens, o.backward, nothing)
  return {
    name: o.name,
    inputs: o.inputs,
    parameters: o.parameters,
    outputs: o.outputs,
    forward: [...o.before, ...forward.lines],
    get vjp() {
      return [...sweep(o.vjp, o.tokens, !o.backward, forward).lines, ...o.behind]
    }
  }
}

// Note [Fours]
//
// The input of a step is one token of an array over all tokens, and what it gives is one token of another. Written as such,
// every step would read at a place of its own, and its kernel would be one of n. So the array first comes apart into stretches of
// a power of four, and these again, down to four tokens: kernels differ by the place among four, and by nothing else. The
// values of the steps come together the same way. An array is copied log4(n) - 1 times on its way apart and log4(n) times on
// its way together, which is little beside the products of a step; every target has what that takes, and none must take more
// than four arrays in a kernel.
