/**
 * Reads: one element of a tensor for every place of the indices, as slices, reshapes and gathers.
 *
 * Axes whose positions share an index are first made one axis, so that a diagonal, or a packed axis taken apart, is one list of
 * places along one axis. Places that follow each other are a slice; a list that is several indices long is gathered and comes
 * apart, or, where nothing has to move, is a reshape.
 */
import type * as X from '../../expr'
import { indicesIn } from '../../schedules/affine'
import { type Axis, type Builder, dims, integers, type Labelled, node, places, reshape, transpose } from './builder'
import { axisOf, countOf, everywhere, positionAt, rangeOf, type Scope } from './scope'

/** Axes of a tensor whose positions share indices. */
interface Group {
  readonly axes: readonly number[]
  readonly names: readonly string[]
}

/** Axes that share an index are in one group. */
const groupsOf = (at: readonly X.Position[], axes: readonly number[]): readonly Group[] =>
  axes.reduce<readonly Group[]>((groups, axis) => {
    const names = [...new Set(indicesIn(at[axis] as X.Position))]
    const shares = (g: Group): boolean => g.names.some((name) => names.includes(name))
    const mine = groups.filter(shares)
    const joined = {
      axes: [...mine.flatMap((g) => g.axes), axis],
      names: [...new Set([...mine.flatMap((g) => g.names), ...names])]
    }
    return [...groups.filter((g) => !shares(g)), joined]
  }, [])

const label = (axis: number): string => `axis ${axis}`

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

/** The axes of a group as one axis, which goes by the name of the first. */
const merge = (b: Builder, x: Labelled, { axes }: Group): Labelled => {
  if (axes.length === 1) return x
  const names = axes.map(label)
  const own = x.axes.map((a) => a.name)
  const first = own.findIndex((name) => names.includes(name))
  const rest = own.filter((name) => !names.includes(name))
  const sorted = transpose(b, x, [...rest.slice(0, first), ...names, ...rest.slice(first)])
  const size = product(sorted.axes.filter((a) => names.includes(a.name)).map((a) => a.size as number))
  const made = sorted.axes.flatMap((a) => (a.name === names[0] ? [{ ...a, size }] : names.includes(a.name) ? [] : [a]))
  return reshape(b, sorted, made)
}

/** The difference between neighbours of a list, where it is the same everywhere and not 0. */
const strideOf = (list: readonly number[]): number | null => {
  const stride = list.length < 2 ? 1 : (list[1] as number) - (list[0] as number)
  return stride !== 0 && list.every((place, k) => place === (list[0] as number) + k * stride) ? stride : null
}

/** An array at a list of places along the axis of number `k`, in whose stead the axes `into` stand. */
const taken = (b: Builder, x: Labelled, k: number, list: readonly number[], into: readonly Axis[]): Labelled => {
  const { size } = x.axes[k] as Axis
  const made = [...x.axes.slice(0, k), ...into, ...x.axes.slice(k + 1)]
  const stride = into.length === 0 ? null : strideOf(list)
  if (stride === null) {
    const shape = into.map((a) => a.size as number)
    return { value: node(b, 'Gather', [x.value, places(b, shape, list)], dims(made), { axis: k }), axes: made }
  }
  const from = list[0] as number
  if (from === 0 && stride === 1 && list.length === size) return reshape(b, x, made)
  const slice = [...x.axes.slice(0, k), { name: 'slice', size: list.length }, ...x.axes.slice(k + 1)]
  // Backwards, one before the first is written as one more than there are from the end.
  const end = from + list.length * stride
  const ends = end < 0 ? -(size as number) - 1 : end
  const value = node(
    b,
    'Slice',
    [x.value, integers(b, [from]), integers(b, [ends]), integers(b, [k]), integers(b, [stride])],
    dims(slice)
  )
  return reshape(b, { value, axes: slice }, made)
}

/** The places of a group along its merged axis, and the axes of its indices, those that move it furthest first. */
const listOf = (
  scope: Scope,
  read: X.Read,
  sizes: readonly number[],
  g: Group
): { readonly list: readonly number[]; readonly into: readonly Axis[] } => {
  const place = (at: Readonly<Record<string, number>>): number =>
    g.axes.reduce((total, axis, k) => {
      const [size, p] = [sizes[k] as number, positionAt(scope.sizes, read.at[axis] as X.Position, at)]
      if (!scope.guarded && (p < 0 || p >= size)) {
        throw new Error(`internal: ${read.tensor} is read at ${p} on an axis of size ${size} in an ONNX graph`)
      }
      return total * size + Math.min(Math.max(p, 0), size - 1)
    }, 0)
  const origin = Object.fromEntries(g.names.map((name) => [name, rangeOf(scope, name).from]))
  const moves = (name: string): number => {
    const last = (origin[name] as number) + countOf(scope, name) - 1
    return Math.abs(place({ ...origin, [name]: last }) - place(origin)) / Math.max(1, countOf(scope, name) - 1)
  }
  const names = [...g.names].sort((p, q) => moves(q) - moves(p))
  return { list: everywhere(scope, names, place), into: names.map((name) => axisOf(scope, name)) }
}

export const read = (scope: Scope, r: X.Read): Labelled => {
  const stored = scope.stored.get(r.tensor)
  if (stored === undefined) throw new Error(`internal: ${r.tensor} is read before it is defined`)
  const there = stored.axes.flatMap((size, axis) => (size === null ? [] : [{ axis, size }]))
  const start: Labelled = {
    value: stored.value,
    axes: there.map(({ axis, size }) => {
      const p = r.at[axis] as X.Position
      if (typeof size === 'number') return { name: label(axis), size }
      if (p._tag !== 'index') throw new Error(`internal: ${r.tensor} is read beside its ${size} in an ONNX graph`)
      return { name: p.name, size }
    })
  }
  const known = there.flatMap(({ axis, size }) => (typeof size === 'number' ? [axis] : []))
  return groupsOf(r.at, known).reduce((x, g) => {
    const sizes = g.axes.map((axis) => stored.axes[axis] as number)
    const whole = merge(scope.b, x, g)
    const at = whole.axes.findIndex((a) => a.name === label(g.axes[0] as number))
    const { list, into } = listOf(scope, r, sizes, g)
    return taken(scope.b, whole, at, list, into)
  }, start)
}
