/**
 * Equations as functions and calls: what one rule says at one place is a call of a function, and places where it says the same
 * share the function.
 */
import { type Equation, type Equations, labelOf } from '../../equation'
import * as X from '../../expr'
import { showEquation } from '../../formula'
import { entriesOf } from './expression'
import type { Scope } from './position'

// --- model -----------------------------------------------------------------------------------------------------------

/** Consecutive equations of one rule at one place. */
interface Group {
  readonly rule: string
  readonly part: Equation['part']
  readonly equations: readonly Equation[]
}

/** One line of the program: a call whose results are named, or a sum of values written out. */
export type Step =
  | {
      readonly _tag: 'call'
      readonly part: Equation['part']
      readonly function: string
      readonly sizes: readonly string[]
      readonly inputs: readonly string[]
      /** What the results are called in the program; `null` where nothing reads one. */
      readonly results: readonly (string | null)[]
    }
  | {
      readonly _tag: 'sum'
      readonly part: Equation['part']
      readonly defines: string
      readonly terms: readonly string[]
    }
  | { readonly _tag: 'zero'; readonly part: Equation['part']; readonly defines: string }

export interface Printed {
  readonly functions: readonly string[]
  readonly steps: readonly Step[]
}

/** A function as it is written, with everything that a call of it needs. */
interface Written {
  readonly key: string
  readonly sizes: readonly string[]
  readonly inputs: readonly { readonly tensor: string; readonly label: string }[]
  readonly defines: readonly { readonly tensor: string; readonly local: string }[]
  readonly lines: readonly string[]
}

// --- groups ----------------------------------------------------------------------------------------------------------

const groupsOf = (equations: readonly Equation[]): readonly Group[] => {
  const groups: { rule: string; path: string; part: Equation['part']; equations: Equation[] }[] = []
  for (const eq of equations) {
    const last = groups.at(-1)
    if (last !== undefined && last.rule === eq.rule && last.path === eq.path && last.part === eq.part) {
      last.equations.push(eq)
    } else groups.push({ rule: eq.rule, path: eq.path, part: eq.part, equations: [eq] })
  }
  return groups
}

/** The tensors whose plain sum an equation is, if it is one. */
const plainSum = (eq: Equation): readonly string[] | null => {
  const terms = eq.value._tag === 'add' ? eq.value.terms : [eq.value]
  const own = terms.flatMap((t) =>
    t._tag === 'read' &&
    t.at.length === eq.over.length &&
    t.at.every((p, axis) => p._tag === 'index' && p.name === eq.over[axis]?.name)
      ? [t.tensor]
      : []
  )
  return own.length === terms.length ? own : null
}

const isZero = (eq: Equation): boolean => eq.value._tag === 'number' && eq.value.value === 0

// --- functions -------------------------------------------------------------------------------------------------------

const reserved = new Set([
  'lambda',
  'in',
  'is',
  'as',
  'if',
  'or',
  'and',
  'not',
  'n',
  'batch',
  'np',
  'jnp',
  'jax',
  'math'
])

export const identifier = (text: string): string => {
  const word = text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[0-9]|^$/.test(word) || reserved.has(word) ? `${word}_` : word
}

/** What its rule calls a tensor: its name behind the place. */
const ownName = (eq: Equation): string =>
  eq.path !== '' && eq.defines.startsWith(`${eq.path}.`) ? eq.defines.slice(eq.path.length + 1) : eq.defines

const unused = (wish: string, taken: ReadonlySet<string>): string => {
  let name = wish
  for (let k = 2; taken.has(name); k++) name = `${wish}_${k}`
  return name
}

/** The names inside a function: of what it defines, the rule's own; of what comes in, the first label that is free. */
const namesIn = (group: Group): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const give = (tensor: string, wishes: readonly string[]): void => {
    if (names.has(tensor)) return
    const free = wishes.map(identifier).find((w) => !taken.has(w)) ?? unused(identifier(wishes[0] as string), taken)
    names.set(tensor, free)
    taken.add(free)
  }
  for (const eq of group.equations) give(eq.defines, [ownName(eq)])
  for (const eq of group.equations) {
    for (const tensor of X.tensors(eq.value)) {
      const labels = group.equations.filter((q) => X.tensors(q.value).includes(tensor)).map((q) => labelOf(q, tensor))
      give(tensor, labels)
    }
  }
  return names
}

const sizeOrder = ['n', 'batch']

const write = (e: Equations, group: Group): Written => {
  const names = namesIn(group)
  const sizes = new Set<string>()
  const own = new Set(group.equations.map((eq) => eq.defines))
  const inputs = [...new Set(group.equations.flatMap((eq) => X.tensors(eq.value)))].filter((t) => !own.has(t))
  const linesWith = (name: Scope['name']): readonly string[] =>
    group.equations.flatMap((eq) => {
      const scope: Scope = { name, dims: (t) => e.tensors[t]?.dims ?? [], uses: (symbol) => sizes.add(symbol) }
      return [
        `    # ${showEquation(name(eq.defines), eq.over, eq.value, name)}`,
        `    ${name(eq.defines)} = ${entriesOf(eq.over, eq.value, scope)}`
      ]
    })
  // The same function whatever its inputs are called: known by its text with numbers for their names.
  const numbered = (t: string): string => (own.has(t) ? (names.get(t) as string) : `_${inputs.indexOf(t)}`)
  const key = linesWith(numbered)
    .filter((_, k) => k % 2 === 1)
    .join('\n')
  return {
    key: `${group.rule} ${group.part === 'vjp'} ${key}`,
    sizes: sizeOrder.filter((s) => sizes.has(s)),
    inputs: inputs.map((tensor) => ({ tensor, label: names.get(tensor) as string })),
    defines: group.equations.map((eq) => ({ tensor: eq.defines, local: names.get(eq.defines) as string })),
    lines: linesWith((t) => names.get(t) as string)
  }
}

const functionText = (name: string, about: string, written: Written, results: readonly number[]): string => {
  const parameters = [...written.sizes, ...written.inputs.map((i) => i.label)]
  const returned = results.map((k) => written.defines[k]?.local)
  return [
    `def ${name}(${parameters.join(', ')}):`,
    `    """${about}."""`,
    ...written.lines,
    `    return ${returned.join(', ')}`
  ].join('\n')
}

const sentence = (rule: string, part: Equation['part']): string => {
  const head = `${rule.slice(0, 1).toUpperCase()}${rule.slice(1)}`
  return part === 'vjp' ? `${head}, pulled back` : head
}

/** The functions of a program and the lines that call them; `kept` are the tensors that are read from outside. */
export const printGroups = (e: Equations, kept: readonly string[]): Printed => {
  const read = new Set(kept)
  const groups = groupsOf(e.equations)
  for (const group of groups) {
    const own = new Set(group.equations.map((eq) => eq.defines))
    for (const eq of group.equations) for (const t of X.tensors(eq.value)) if (!own.has(t)) read.add(t)
  }
  const made = groups.map((group) => {
    const [only, ...more] = group.equations
    if (only !== undefined && more.length === 0) {
      const terms = plainSum(only)
      if (isZero(only)) return { group, step: { _tag: 'zero', part: group.part, defines: only.defines } as const }
      if (terms !== null) {
        return { group, step: { _tag: 'sum', part: group.part, defines: only.defines, terms } as const }
      }
    }
    return { group, written: write(e, group) }
  })

  // What a function gives is what is read of it at any of its places.
  const results = new Map<string, Set<number>>()
  for (const { written } of made) {
    if (written === undefined) continue
    const own = results.get(written.key) ?? new Set()
    for (const [k, { tensor }] of written.defines.entries()) if (read.has(tensor)) own.add(k)
    results.set(written.key, own)
  }

  const names = new Map<string, string>()
  const functions: string[] = []
  const steps = made.flatMap(({ group, step, written }): readonly Step[] => {
    if (step !== undefined) return [step]
    const given = [...(results.get(written.key) as Set<number>)].sort((p, q) => p - q)
    if (given.length === 0) return []
    let name = names.get(written.key)
    if (name === undefined) {
      const wish = `${identifier(group.rule).toLowerCase()}${group.part === 'vjp' ? '_vjp' : ''}`
      name = unused(wish, new Set(names.values()))
      names.set(written.key, name)
      functions.push(functionText(name, sentence(group.rule, group.part), written, given))
    }
    return [
      {
        _tag: 'call',
        part: group.part,
        function: name,
        sizes: written.sizes,
        inputs: written.inputs.map((i) => i.tensor),
        results: given.map((k) => {
          const { tensor } = written.defines[k] as { readonly tensor: string }
          return read.has(tensor) ? tensor : null
        })
      }
    ]
  })
  return { functions, steps }
}
