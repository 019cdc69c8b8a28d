/**
 * The batch axis as the fastest of every array: `S[s,i,j]` becomes `S[i,j,s]`. Neighbouring threads then compute the
 * same element of neighbouring systems: every read of an array of the batch is of consecutive elements, and conditions on
 * axes decide alike in all of them. Data are arranged so once, at their first use, and outputs put back.
 */
import * as Dim from '../../spec/dim'
import { type Equation, type Equations, labelOf, type Tensor } from '../equation'
import * as X from '../expr'

const isBatch = (d: Dim.Dim): boolean => Dim.equals(d, Dim.batch)

/** Where the batch axis stands, if it is one axis and not the last. */
const batchAxis = (dims: readonly Dim.Dim[]): number | null => {
  const axis = dims.findIndex(isBatch)
  return axis < 0 || axis === dims.length - 1 || dims.filter(isBatch).length > 1 ? null : axis
}

const last = <A>(all: readonly A[], axis: number): readonly A[] => [
  ...all.slice(0, axis),
  ...all.slice(axis + 1),
  all[axis] as A
]

/** What an array is called whose batch axis was moved. */
const moved = (name: string): string => `${name}, batch last`

const letters = ['i', 'j', 'k', 'c', 'd', 'm', 'p', 'q']

/** Indices over a tensor's axes: `s` for the batch. */
const indicesOf = (dims: readonly Dim.Dim[]): readonly X.Index[] => {
  const free = [...letters]
  return dims.map((d, axis) => X.index(isBatch(d) ? 's' : (free.shift() ?? `axis${axis}`), d))
}

export const batchLast = (e: Equations): Equations => {
  const axes = new Map<string, number>()
  for (const [name, { dims, role }] of Object.entries(e.tensors)) {
    const axis = role === 'value' || role === 'data' ? batchAxis(dims) : null
    if (axis !== null) axes.set(name, axis)
  }
  const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
  const renamed = (name: string): boolean => axes.has(name) && (kept.has(name) || e.tensors[name]?.role === 'data')
  const nameOf = (name: string): string => (renamed(name) ? moved(name) : name)

  const tensors: Record<string, Tensor> = {}
  for (const [name, t] of Object.entries(e.tensors)) {
    const axis = axes.get(name)
    if (axis === undefined || renamed(name)) tensors[name] = t
    if (axis !== undefined) tensors[nameOf(name)] = { name: nameOf(name), role: 'value', dims: last(t.dims, axis) }
  }

  const relabelled = (eq: Equation): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [eq.defines, ...X.tensors(eq.value)].map((name): [string, string] => [nameOf(name), labelOf(eq, name)])
    )
  /** `A[i,j,s] = A_first[s,i,j]` before the first use of data; `x[s,i] = x_last[i,s]` after an output. */
  const copy = (from: string, to: string, label: string, part: Equation['part']): Equation => {
    const over = indicesOf(tensors[to]?.dims ?? [])
    const batch = over.findIndex((i) => isBatch(i.dim))
    const source = batchAxis(tensors[from]?.dims ?? [])
    const at =
      source === null
        ? last(over, batch)
        : [...over.slice(0, source), over[batch] as X.Index, ...over.slice(source, -1)]
    return {
      defines: to,
      over,
      value: X.tensor(from)(...at),
      rule: 'batch axis',
      part,
      path: '',
      labels: { [to]: label, [from]: `${label}_${source === null ? 'last' : 'first'}` }
    }
  }

  const arranged = new Set<string>()
  const equations: Equation[] = []
  for (const eq of e.equations) {
    for (const name of X.tensors(eq.value)) {
      if (!axes.has(name) || e.tensors[name]?.role !== 'data' || arranged.has(name)) continue
      arranged.add(name)
      equations.push(copy(name, moved(name), name.replace(/[^A-Za-z0-9]+/g, '_'), eq.part))
    }
    const axis = axes.get(eq.defines)
    const value = X.mapReads((r) => {
      const own = axes.get(r.tensor)
      return own === undefined ? r : { ...r, tensor: nameOf(r.tensor), at: last(r.at, own) }
    })(eq.value)
    equations.push({
      ...eq,
      defines: nameOf(eq.defines),
      over: axis === undefined ? eq.over : last(eq.over, axis),
      value,
      labels: relabelled(eq)
    })
    if (renamed(eq.defines)) equations.push(copy(moved(eq.defines), eq.defines, labelOf(eq, eq.defines), eq.part))
  }
  return { ...e, tensors, equations }
}
