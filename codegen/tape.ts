/**
 * The tape: rules applied one after another, and their VJPs read backwards. It knows nothing of layers.
 *
 * Applying a rule binds its inputs and parameters to tensors and names what it defines after the place in the model.
 * Going back, every tensor's cotangent is the sum of what its uses contribute; a cotangent that is zero is never formed.
 */
import * as Dim from '../spec/dim'
import type { Equation, Part, Tensor } from './equation'
import * as X from './expr'
import type { Role } from './program'
import { dimsOf, type Line, type Rule } from './rule'
import { simplify } from './simplify'

type Bindings = Readonly<Record<string, string>>

type Entry =
  | {
      readonly _tag: 'rule'
      readonly rule: Rule
      readonly place: string
      readonly bound: Bindings
      readonly say: Bindings
    }
  /** `sum = left + right`: the cotangent goes to both as it is. */
  | { readonly _tag: 'plus'; readonly sum: string; readonly left: string; readonly right: string }

export interface Tape {
  readonly tensors: Record<string, Tensor>
  readonly equations: Equation[]
  readonly entries: Entry[]
  /** Equations by what they define. */
  readonly byName: Map<string, Equation>
}

export const empty = (): Tape => ({ tensors: {}, equations: [], entries: [], byName: new Map() })

export const declare = (tape: Tape, name: string, dims: readonly Dim.Dim[], role: Role | 'value'): string => {
  if (tape.tensors[name] !== undefined) throw new Error(`internal: tensor ${name} is declared twice`)
  tape.tensors[name] = { name, dims, role }
  return name
}

const dimsOfTensor = (tape: Tape, name: string): readonly Dim.Dim[] => {
  const found = tape.tensors[name]
  if (found === undefined) throw new Error(`internal: tensor ${name} is not declared`)
  return found.dims
}

/** What the equation that defines a tensor calls it; an input goes by the last word of its name. */
const labelOfValue = (tape: Tape, name: string): string => {
  const own = tape.byName.get(name)
  return own?.labels[name]?.replace(/_next$/, '') ?? name.slice(name.lastIndexOf('.') + 1)
}

/** Define a tensor by a line whose reads are bound to tensors of the program. */
const define = (
  tape: Tape,
  name: string,
  line: Line,
  bound: Bindings,
  about: Omit<Equation, Made>,
  names: Bindings = {}
): string => {
  declare(tape, name, dimsOf(line), 'value')
  // Where a rule's `Y` is called `U`, its cotangent `dY` is `dU`.
  const say = (label: string): string => {
    const own = line.labels?.[label] ?? label
    const ofCotangent = own.startsWith('d') ? names[own.slice(1)] : undefined
    return names[own] ?? (ofCotangent === undefined ? own : `d${ofCotangent}`)
  }
  const labels: Record<string, string> = { [name]: say(line.defines) }
  const rename = (read: Extract<X.Expr, { _tag: 'read' }>): X.Expr => {
    const target = bound[read.tensor]
    if (target === undefined) throw new Error(`internal: rule ${about.rule} reads ${read.tensor}, which is not bound`)
    labels[target] = say(read.tensor)
    return { ...read, tensor: target }
  }
  const equation = { ...about, defines: name, over: line.over, value: X.mapReads(rename)(line.value), labels }
  tape.equations.push(equation)
  tape.byName.set(name, equation)
  return name
}

type Made = 'defines' | 'over' | 'value' | 'labels'

/**
 * Run a rule forwards: `inputs` by the rule's names; gives the tensors of its outputs. `say` gives its names others in
 * kernels, such as `U` for the result of a linear map that makes queries.
 */
export const apply = (
  tape: Tape,
  rule: Rule,
  place: string,
  inputs: Bindings,
  parameters: Bindings = {},
  { part = 'forward', say = {} }: { readonly part?: Part; readonly say?: Bindings } = {}
): Readonly<Record<string, string>> => {
  const bound: Record<string, string> = { ...inputs, ...parameters }
  for (const line of rule.forward) {
    const name = place === '' ? line.defines : `${place}.${line.defines}`
    bound[line.defines] = define(tape, name, line, bound, { rule: rule.name, part, path: place }, say)
  }
  tape.entries.push({ _tag: 'rule', rule, place, bound, say })
  return Object.fromEntries(rule.outputs.map((o) => [o, bound[o] as string]))
}

/** Plain indices over the axes of a tensor, by the letters of the rules. */
export const axesOf = (dims: readonly Dim.Dim[]): readonly X.Index[] => {
  const perSystem = dims.length > 0 && Dim.equals(dims[0] as Dim.Dim, Dim.batch)
  const letters = !perSystem
    ? ['h', 'm', 'p', 'd']
    : dims.length <= 3
      ? ['s', 'i', 'c']
      : dims.length === 4
        ? ['s', 'm', 'i', 'c']
        : ['s', 'h', 'm', 'i', 'c']
  return dims.map((dim, axis) => X.index(letters[axis] ?? `axis${axis}`, dim))
}

/** `name = left + right`, element by element; `label` is what the sum's kernel calls `left`. */
export const plus = (
  tape: Tape,
  name: string,
  label: string,
  left: string,
  right: string,
  about: { readonly rule: string; readonly path: string }
): string => {
  const over = axesOf(dimsOfTensor(tape, left))
  const line: Line = {
    defines: `${label}_next`,
    over,
    value: X.add(X.tensor(label)(...over), X.tensor(`${label}_step`)(...over))
  }
  define(tape, name, line, { [label]: left, [`${label}_step`]: right }, { ...about, part: 'forward' })
  tape.entries.push({ _tag: 'plus', sum: name, left, right })
  return name
}

/** Cotangents by tensor: those named in `seeds`, and everything they reach, down to the parameters. */
export const pullBack = (tape: Tape, seeds: Bindings): Readonly<Record<string, string>> => {
  const shares = new Map<string, string[]>(Object.entries(seeds).map(([name, d]) => [name, [d]]))
  const totals = new Map<string, string>()

  const contribute = (to: string, share: string): void => {
    shares.set(to, [...(shares.get(to) ?? []), share])
  }
  /** The cotangent of a tensor: nothing, its one share, or the sum of its shares. */
  const total = (name: string): string | undefined => {
    const known = totals.get(name)
    const own = shares.get(name) ?? []
    if (known !== undefined || own.length === 0) return known
    const [first] = own
    if (own.length === 1 && first !== undefined) return first
    const over = axesOf(dimsOfTensor(tape, first as string))
    const dot = name.lastIndexOf('.') + 1
    const summed = `${name.slice(0, dot)}d${name.slice(dot)}`
    const label = (k: number): string => (k === 0 ? 'above' : `share${k}`)
    const value = X.add(...own.map((_, k) => X.tensor(label(k))(...over)))
    const bound = Object.fromEntries(own.map((d, k) => [label(k), d]))
    const about = { rule: 'sum of cotangents', part: 'vjp', path: name.slice(0, Math.max(dot - 1, 0)) } as const
    define(tape, summed, { defines: `d${labelOfValue(tape, name)}`, over, value }, bound, about)
    totals.set(name, summed)
    return summed
  }

  for (const entry of [...tape.entries].reverse()) {
    if (entry._tag === 'plus') {
      const d = total(entry.sum)
      if (d !== undefined) {
        contribute(entry.left, d)
        contribute(entry.right, d)
      }
      continue
    }
    const { rule, place, bound, say } = entry
    const cotangents = rule.outputs.map((o) => [`d${o}`, total(bound[o] as string)] as const)
    if (cotangents.every(([, d]) => d === undefined) || rule.vjp.length === 0) continue
    const names: Record<string, string> = { ...bound }
    const zeros = new Set<string>()
    for (const [label, d] of cotangents) {
      if (d === undefined) zeros.add(label)
      else names[label] = d
    }
    const pulled = new Map<string, string>([...rule.inputs, ...rule.parameters].map((label) => [`d${label}`, label]))
    for (const line of rule.vjp) {
      const value = simplify(X.mapReads((r) => (zeros.has(r.tensor) ? X.zero : r))(line.value))
      if (value._tag === 'number' && value.value === 0) {
        zeros.add(line.defines)
        continue
      }
      const about = { rule: rule.name, part: 'vjp', path: place } as const
      const name = place === '' ? line.defines : `${place}.${line.defines}`
      names[line.defines] = define(tape, name, { ...line, value }, names, about, say)
      const of = pulled.get(line.defines)
      if (of !== undefined) contribute(bound[of] as string, name)
    }
  }
  const reached = [...shares.keys()].map((name) => [name, total(name)] as const)
  return Object.fromEntries(reached.filter((pair): pair is readonly [string, string] => pair[1] !== undefined))
}
