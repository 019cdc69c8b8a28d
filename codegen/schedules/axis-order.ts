/**
 * Axis order: which axis of every array is the last, and so the fastest. Neighbouring threads compute neighbouring elements
 * along it, and a read costs one load where it is the same for all of them or runs along the last axis of its array too.
 * Inputs are put in order before their first use and outputs put back, so that callers see no difference.
 */
import * as Dim from '../../spec/dim'
import { type Equation, type Equations, labelOf, type Tensor } from '../equation'
import * as X from '../expr'

/** The axis that stands last, for arrays where it is another than written. */
export type AxisOrder = ReadonlyMap<string, number>

/** A second copy of an array, in another order, for the readers that would walk across the first. */
export interface Turned {
  readonly tensor: string
  /** The axes of the copy, first to last, by their places in the array as it is written. */
  readonly axes: readonly number[]
  /** Zeros at the end of every row, so that rows do not lie a power of two apart: they would share few places of a cache. */
  readonly pad: number
  /** The reads that go to it. */
  readonly reads: ReadonlySet<X.Expr>
}

const isBatch = (d: Dim.Dim): boolean => Dim.equals(d, Dim.batch)

/** `all` with the element at `axis` moved to the end. */
export const movedLast = <A>(all: readonly A[], axis: number): readonly A[] => [
  ...all.slice(0, axis),
  ...all.slice(axis + 1),
  all[axis] as A
]

/** `all` in another order: the places of what comes first, second, and so on. */
export const arranged = <A>(all: readonly A[], places: readonly number[]): readonly A[] =>
  places.map((place) => all[place] as A)

/** The first axis of a size as the last of every value that has one: the batch, the tokens. */
export const sizeLast =
  (size: Dim.Dim) =>
  (e: Equations): AxisOrder =>
    new Map(
      Object.entries(e.tensors).flatMap(([name, { dims, role }]): [string, number][] => {
        const axis = role === 'value' || role === 'data' ? dims.findIndex((d) => Dim.equals(d, size)) : -1
        return axis >= 0 && axis < dims.length - 1 ? [[name, axis]] : []
      })
    )

/** The batch axis as the last of every array that has one. */
export const batchLast = sizeLast(Dim.batch)

// --- rewriting -------------------------------------------------------------------------------------------------------

const padded = (dims: readonly Dim.Dim[], pad: number): readonly Dim.Dim[] => [
  ...dims.slice(0, -1),
  Dim.add(dims[dims.length - 1] as Dim.Dim, pad)
]

const inOrder = (name: string): string => `${name}, in order`

const letters = ['i', 'j', 'k', 'c', 'd', 'm', 'p', 'q']

/** Indices over a tensor's axes: `s` for the batch. */
const indicesOf = (dims: readonly Dim.Dim[]): readonly X.Index[] => {
  const free = [...letters]
  return dims.map((d, axis) => X.index(isBatch(d) ? 's' : (free.shift() ?? `axis${axis}`), d))
}

/** A position that moves by one with the index: `i`, `i + 1`; `null` where it does not depend on it. */
export const movesWith = (p: X.Position, name: string): 'by one' | 'otherwise' | null => {
  let found = false
  X.mapIndex((i) => {
    found ||= i.name === name
    return i
  })(p)
  if (!found) return null
  if (p._tag === 'index') return 'by one'
  const plain = p._tag === 'plus' && movesWith(p.right, name) === null && movesWith(p.left, name) === 'by one'
  return plain ? 'by one' : 'otherwise'
}

/** Whether a read runs along one axis of its array, and no other, with an index. */
export const runsAlong = (at: readonly X.Position[], axis: number, name: string): boolean =>
  at.every((p, k) => (k === axis ? movesWith(p, name) === 'by one' : movesWith(p, name) === null))

/** The same equations with the axes of their arrays in another order, and some arrays in two. */
export const reorder =
  (order: AxisOrder, turned: readonly Turned[] = []) =>
  (e: Equations): Equations => {
    const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
    const isInput = (name: string): boolean => e.tensors[name]?.role !== 'value'
    const isCopied = (name: string): boolean => order.has(name) && (kept.has(name) || isInput(name))
    const nameOf = (name: string): string => (isCopied(name) ? inOrder(name) : name)

    const tensors: Record<string, Tensor> = {}
    for (const [name, t] of Object.entries(e.tensors)) {
      const axis = order.get(name)
      if (axis === undefined || isCopied(name)) tensors[name] = t
      if (axis !== undefined)
        tensors[nameOf(name)] = { name: nameOf(name), role: 'value', dims: movedLast(t.dims, axis) }
    }
    /** `A[i,j,s] = A_given[s,i,j]`, or the other way round. */
    const copy = (name: string, out: boolean, label: string, part: Equation['part'], path: string): Equation => {
      const axis = order.get(name) as number
      const logical = indicesOf(tensors[name]?.dims ?? [])
      const ordered = movedLast(logical, axis)
      const [to, from] = out ? [name, inOrder(name)] : [inOrder(name), name]
      return {
        defines: to,
        over: out ? logical : ordered,
        value: X.tensor(from)(...(out ? ordered : logical)),
        rule: 'axis order',
        part,
        path,
        labels: { [to]: label, [from]: `${label}_${out ? 'found' : 'given'}` }
      }
    }
    const turnedName = ({ tensor, axes }: Turned): string => `${tensor}, turned to ${axes.join(', ')}`
    for (const t of turned) {
      const dims = padded(arranged(e.tensors[t.tensor]?.dims ?? [], t.axes), t.pad)
      tensors[turnedName(t)] = { name: turnedName(t), role: 'value', dims }
    }
    /** `X_turned[i,s,d] = X[i,d,s]`. */
    const turn = (t: Turned, label: string, eq: Equation): Equation => {
      const dims = e.tensors[t.tensor]?.dims ?? []
      const last = t.axes.at(-1) ?? 0
      const logical = indicesOf(dims.map((d, axis) => (axis === last ? Dim.add(d, t.pad) : d)))
      const own = order.get(t.tensor)
      const read = X.tensor(nameOf(t.tensor))(...(own === undefined ? logical : movedLast(logical, own)))
      const row = logical[last] as X.Index
      return {
        defines: turnedName(t),
        over: arranged(logical, t.axes),
        value: t.pad === 0 ? read : X.below(row, dims[last] as Dim.Dim, read),
        rule: 'axis order',
        part: eq.part,
        path: eq.path,
        labels: { [turnedName(t)]: `${label}_turned`, [nameOf(t.tensor)]: label }
      }
    }
    const placed = new Set<string>()
    const equations: Equation[] = []
    for (const eq of e.equations) {
      for (const name of X.tensors(eq.value)) {
        if (!order.has(name) || !isInput(name) || placed.has(name)) continue
        placed.add(name)
        equations.push(copy(name, false, labelOf(eq, name), eq.part, eq.path))
      }
      const axis = order.get(eq.defines)
      const turns = turned.filter((t) => X.reads(eq.value).some((r) => t.reads.has(r)))
      for (const t of turns) {
        if (placed.has(turnedName(t))) continue
        placed.add(turnedName(t))
        equations.push(turn(t, labelOf(eq, t.tensor), eq))
      }
      const value = X.mapReads((r) => {
        const t = turns.find((other) => other.reads.has(r))
        if (t !== undefined) return { ...r, tensor: turnedName(t), at: arranged(r.at, t.axes) }
        const own = order.get(r.tensor)
        return own === undefined ? r : { ...r, tensor: nameOf(r.tensor), at: movedLast(r.at, own) }
      })(eq.value)
      const names = [eq.defines, ...X.tensors(eq.value)]
      equations.push({
        ...eq,
        defines: nameOf(eq.defines),
        over: axis === undefined ? eq.over : movedLast(eq.over, axis),
        value,
        labels: Object.fromEntries([
          ...names.map((name) => [nameOf(name), labelOf(eq, name)]),
          ...turns.map((t) => [turnedName(t), `${labelOf(eq, t.tensor)}_turned`])
        ])
      })
      if (isCopied(eq.defines)) equations.push(copy(eq.defines, true, labelOf(eq, eq.defines), eq.part, eq.path))
    }
    return { ...e, tensors, equations }
  }
