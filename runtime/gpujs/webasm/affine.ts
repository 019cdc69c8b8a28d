/**
 * Which indices of a kernel are sums `constant + coefficient * atom + ...` of whole numbers, and between which bounds
 * they lie. An *atom* is a thread's coordinate, a loop's counter, or a quotient `const q = Math.floor((e + 0.5) / k)`.
 * Pure: it reads a kernel's syntax tree, its constants and its output's sizes.
 */
import { assigned, memberOf, type Node, nameOf, part, walk, wholeLiteral } from './ast'

export type Atom =
  | { readonly _tag: 'thread'; readonly axis: Axis }
  | { readonly _tag: 'counter'; readonly name: string }
  | { readonly _tag: 'quotient'; readonly name: string; readonly of: Affine; readonly by: number }

export type Axis = 'x' | 'y' | 'z'

export interface Term {
  readonly atom: Atom
  readonly coefficient: number
}

/** `constant` plus the terms, by the key of their atom. */
export interface Affine {
  readonly constant: number
  readonly terms: ReadonlyMap<string, Term>
}

export interface Range {
  readonly low: number
  readonly high: number
}

/** What a kernel's names stand for. */
export interface Facts {
  readonly counters: ReadonlyMap<string, Range>
  /** `const` names of whole numbers: their value, or a quotient. */
  readonly names: ReadonlyMap<string, Affine>
  readonly constants: Readonly<Record<string, unknown>>
}

export const constant = (value: number): Affine => ({ constant: value, terms: new Map() })

const keyOf = (atom: Atom): string => (atom._tag === 'thread' ? `thread ${atom.axis}` : `${atom._tag} ${atom.name}`)

export const single = (atom: Atom): Affine => ({
  constant: 0,
  terms: new Map([[keyOf(atom), { atom, coefficient: 1 }]])
})

/** `left + scale * right`. */
export const plus = (left: Affine, right: Affine, scale = 1): Affine => {
  const terms = new Map(left.terms)
  for (const [key, { atom, coefficient }] of right.terms) {
    const total = (terms.get(key)?.coefficient ?? 0) + scale * coefficient
    if (total === 0) terms.delete(key)
    else terms.set(key, { atom, coefficient: total })
  }
  return { constant: left.constant + scale * right.constant, terms }
}

const isConstant = (a: Affine): boolean => a.terms.size === 0

/** How far the index moves from a thread to its neighbour along x. */
export const stride = (a: Affine): number => a.terms.get('thread x')?.coefficient ?? 0

/** Above this, sums of whole numbers and halves are not exact in float32, and a quotient could be off by one. */
const mostExact = 2 ** 22

/** An index as an affine sum, or null where it is none. */
export const affine = (node: Node | null, facts: Facts): Affine | null => {
  const literal = wholeLiteral(node)
  if (literal !== null) return constant(literal)
  const axis = memberOf(node, 'thread')
  if (axis === 'x' || axis === 'y' || axis === 'z') return single({ _tag: 'thread', axis })
  const named = memberOf(node, 'constants')
  if (named !== null) {
    const value = facts.constants[named]
    return typeof value === 'number' && Number.isSafeInteger(value) ? constant(value) : null
  }
  const name = nameOf(node)
  if (name !== null) {
    return facts.counters.has(name) ? single({ _tag: 'counter', name }) : (facts.names.get(name) ?? null)
  }
  if (node?.type !== 'BinaryExpression') return null
  const [left, right] = [affine(part(node, 'left'), facts), affine(part(node, 'right'), facts)]
  if (left === null || right === null) return null
  switch (node['operator']) {
    case '+':
      return plus(left, right)
    case '-':
      return plus(left, right, -1)
    case '*':
      if (isConstant(left)) return plus(constant(0), right, left.constant)
      return isConstant(right) ? plus(constant(0), left, right.constant) : null
    default:
      return null
  }
}

// --- bounds ----------------------------------------------------------------------------------------------------------

export type Extents = Readonly<Record<Axis, Range>>

const plainRange = (a: Affine, facts: Facts, extents: Extents): Range => {
  let [low, high] = [a.constant, a.constant]
  for (const { atom, coefficient } of a.terms.values()) {
    const one = atomRange(atom, facts, extents)
    low += coefficient * (coefficient > 0 ? one.low : one.high)
    high += coefficient * (coefficient > 0 ? one.high : one.low)
  }
  return { low, high }
}

const atomRange = (atom: Atom, facts: Facts, extents: Extents): Range => {
  switch (atom._tag) {
    case 'thread':
      return extents[atom.axis]
    case 'counter':
      return facts.counters.get(atom.name) ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
    case 'quotient': {
      const whole = plainRange(atom.of, facts, extents)
      return { low: Math.floor(whole.low / atom.by), high: Math.floor(whole.high / atom.by) }
    }
  }
}

/**
 * `e = k q + r` with `0 <= r < k`: where an index holds both q and e's only atom, that atom is replaced by what it is, and
 * the remainder's bounds are added. `y - q k`, a remainder, gets the bounds 0 and k - 1 in this way.
 */
const withoutRemainder = (a: Affine, q: Extract<Atom, { _tag: 'quotient' }>): { a: Affine; extra: number } | null => {
  const [only, ...others] = q.of.terms
  if (only === undefined || others.length > 0 || only[1].coefficient !== 1) return null
  const found = a.terms.get(only[0])
  if (found === undefined) return null
  // atom = k q + r - c, with c the constant of e
  const gone = plus(a, single(found.atom), -found.coefficient)
  const put = plus(gone, single(q), found.coefficient * q.by)
  return { a: plus(put, constant(found.coefficient), -q.of.constant), extra: found.coefficient * (q.by - 1) }
}

/** Bounds of an index, in every thread and at every turn of its loops. */
export const range = (a: Affine, facts: Facts, extents: Extents): Range => {
  let best = plainRange(a, facts, extents)
  for (const { atom } of a.terms.values()) {
    const other = atom._tag === 'quotient' ? withoutRemainder(a, atom) : null
    if (other === null) continue
    const inner = plainRange(other.a, facts, extents)
    const low = inner.low + Math.min(0, other.extra)
    const high = inner.high + Math.max(0, other.extra)
    best = { low: Math.max(best.low, low), high: Math.min(best.high, high) }
  }
  return best
}

/** `x < k`, and likewise `x + 1 < k`: the coordinate, and where it ends. */
export const endOf = (test: Node | null, facts: Facts): { readonly axis: Axis; readonly end: number } | null => {
  const [left, right] = [affine(part(test, 'left'), facts), affine(part(test, 'right'), facts)]
  if (test?.['operator'] !== '<' || left === null || right === null || !isConstant(right)) return null
  const [only, ...others] = [...left.terms.values()]
  if (only?.atom._tag !== 'thread' || only.coefficient !== 1 || others.length > 0) return null
  return { axis: only.atom.axis, end: right.constant - left.constant }
}

// --- facts -----------------------------------------------------------------------------------------------------------

/** `for (let i = 0; i < k; i++)` or `i += step`, with whole numbers, of which the body changes nothing. */
const counter = (loop: Node, facts: Facts): { readonly name: string; readonly range: Range } | null => {
  const init = part(loop, 'init')
  const declarations = init?.['declarations']
  const [declared] = Array.isArray(declarations) && declarations.length === 1 ? (declarations as Node[]) : []
  const name = nameOf(part(declared ?? null, 'id'))
  const first = wholeLiteral(part(declared ?? null, 'init'))
  const test = part(loop, 'test')
  const bound = affine(part(test, 'right'), facts)
  const update = part(loop, 'update')
  const one = update?.type === 'UpdateExpression' && update['operator'] === '++'
  const some = update?.type === 'AssignmentExpression' && update['operator'] === '+='
  const step = one ? 1 : some ? (wholeLiteral(part(update, 'right')) ?? 0) : 0
  const own = nameOf(part(update, one ? 'argument' : 'left')) === name
  if (name === null || first === null || bound === null || !isConstant(bound) || step < 1 || !own) return null
  if (test?.type !== 'BinaryExpression' || test['operator'] !== '<' || nameOf(part(test, 'left')) !== name) return null
  if (assigned(part(loop, 'body')).has(name)) return null
  const turns = Math.max(1, Math.ceil((bound.constant - first) / step))
  return { name, range: { low: first, high: first + (turns - 1) * step } }
}

/** `Math.floor((e + 0.5) / k)`: e and k, where both are whole. */
const quotient = (node: Node | null, facts: Facts): { readonly of: Affine; readonly by: number } | null => {
  const callee = part(node, 'callee')
  const [argument] = Array.isArray(node?.['arguments']) ? (node['arguments'] as Node[]) : []
  if (nameOf(part(callee, 'object')) !== 'Math' || nameOf(part(callee, 'property')) !== 'floor') return null
  if (argument?.type !== 'BinaryExpression' || argument['operator'] !== '/') return null
  const sum = part(argument, 'left')
  const by = affine(part(argument, 'right'), facts)
  const half = part(sum, 'right')
  if (sum?.type !== 'BinaryExpression' || sum['operator'] !== '+' || half?.['value'] !== 0.5) return null
  const of = affine(part(sum, 'left'), facts)
  return of === null || by === null || !isConstant(by) || by.constant < 1 ? null : { of, by: by.constant }
}

/** Reads a kernel's declarations. A name that is declared twice, or changed, stands for nothing. */
export const factsOf = (
  body: Node,
  parameters: readonly string[],
  constants: Readonly<Record<string, unknown>>,
  extents: Extents
): Facts => {
  const declared = new Map<string, number>(parameters.map((name) => [name, 1]))
  walk(body, (node) => {
    const name = node.type === 'VariableDeclarator' ? nameOf(part(node, 'id')) : null
    if (name !== null) declared.set(name, (declared.get(name) ?? 0) + 1)
    return true
  })
  const changed = assigned(body)
  const counters = new Map<string, Range>()
  const names = new Map<string, Affine>()
  const facts: Facts = { counters, names, constants }
  walk(body, (node) => {
    if (node.type === 'ForStatement') {
      const found = counter(node, facts)
      if (found !== null && declared.get(found.name) === 1) counters.set(found.name, found.range)
    }
    if (node.type === 'VariableDeclaration' && node['kind'] === 'const') {
      for (const declaration of node['declarations'] as readonly Node[]) {
        const name = nameOf(part(declaration, 'id'))
        if (name === null || declared.get(name) !== 1 || changed.has(name)) continue
        const init = part(declaration, 'init')
        const value = affine(init, facts)
        const parts = value === null ? quotient(init, facts) : null
        const exact = parts === null ? null : range(parts.of, facts, extents)
        if (value !== null) names.set(name, value)
        else if (
          parts !== null &&
          stride(parts.of) === 0 &&
          exact !== null &&
          exact.low >= 0 &&
          exact.high < mostExact
        ) {
          names.set(name, single({ _tag: 'quotient', name, ...parts }))
        }
      }
    }
    return true
  })
  return facts
}
