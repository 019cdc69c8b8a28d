/**
 * Products that are summed over many rows, `T[c,d] = sum_i L[i,c] R[i,d]` as gradients of weights are, by strips of columns: R is
 * copied strip by strip, `R_strips[p,i,q] = R[i, 8 p + q]`, and `T_strips[p,c,q]` found one strip after the other. A strip
 * stays in the first-level cache while all c pass, where all of R would come from further away for every c. L is copied
 * with what one c needs side by side, `L_beside[c,i] = L[i,c]`: rows of L lie a power of two apart, and so all in one place
 * of the cache.
 */
import * as Dim from '../../spec/dim'
import type { Equation, Equations, Tensor } from '../equation'
import * as X from '../expr'
import { valueOf } from './affine'
import { arranged, movesWith } from './axis-order'

/** Columns of a strip: 512 rows of them fill half of a first-level cache of 32 KiB. */
const columns = 8
/** Elements from which on an array does not stay near by itself, and results along either axis that make a strip worth its copy. */
const [far, fewest] = [65536, 64]

const [strip, column] = ['p', 'q']

type Read = Extract<X.Expr, { _tag: 'read' }>

/** A sum with the read that runs along its last axis, and the other one where that is worth a copy. */
interface Total {
  readonly eq: Equation
  readonly read: Read
  readonly other: Read | null
}

const inStrips = (name: string): string => `${name}, in strips`

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** The one read of a sum of products that depends on the last axis of the output, if it runs along it. */
const alongColumns = (eq: Equation): Read | null => {
  const last = eq.over.at(-1)
  if (last === undefined || eq.value._tag !== 'sum' || eq.value.body._tag !== 'multiply') return null
  const { factors } = eq.value.body
  const those = factors.filter((f) => f._tag === 'read' && f.at.some((p) => movesWith(p, last.name) !== null))
  const [read, ...others] = those
  if (read?._tag !== 'read' || others.length > 0 || factors.length !== 2 || X.reads(eq.value).length !== 2) return null
  const at = read.at.at(-1)
  const alone = read.at.slice(0, -1).every((p) => movesWith(p, last.name) === null)
  return at?._tag === 'index' && at.name === last.name && alone ? read : null
}

const nameOf = (p: X.Position): string => (p._tag === 'index' ? p.name : '')

/** The axes of a read in another order: those that the sum runs along last, the others as they stand. */
const summedLast = (eq: Equation, at: readonly X.Position[]): readonly number[] => {
  const summed = new Set(X.sums(eq.value).flatMap((s) => s.over.map((i) => i.name)))
  const runs = (axis: number): boolean => summed.has(nameOf(at[axis] as X.Position))
  const axes = [...at.keys()]
  return [...axes.filter((axis) => !runs(axis)), ...axes.filter(runs)]
}

/** The read beside the one along the columns, if the sum does not run along its last axes. */
const walkedAcross = (eq: Equation, read: Read): Read | null => {
  const other = X.reads(eq.value).find((r) => r !== read)
  if (other?._tag !== 'read' || other.at.some((p) => p._tag !== 'index')) return null
  const names = other.at.map(nameOf)
  const isMoved = summedLast(eq, other.at).some((axis, k) => axis !== k)
  return isMoved && new Set(names).size === names.length ? other : null
}

/** What a copy in another order is a copy of, behind the condition that fills its rows up. */
const copied = (eq: Equation | undefined): Read | null => {
  if (eq === undefined || eq.rule !== 'axis order') return null
  const value = eq.value._tag === 'where' ? eq.value.yes : eq.value
  return value._tag === 'read' && X.reads(eq.value).length === 1 ? value : null
}

export const totalsInStrips =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    const defining = new Map(e.equations.map((eq) => [eq.defines, eq]))
    const totals = new Map<string, Total>()
    for (const eq of e.equations) {
      const read = alongColumns(eq)
      if (read === null || copied(defining.get(read.tensor)) === null) continue
      const extents = eq.over.map((i) => size(i.dim))
      const width = extents.at(-1) ?? 0
      const elements = product((e.tensors[read.tensor]?.dims ?? []).map(size))
      const pays = elements > far && width >= fewest && product(extents) / width >= fewest
      const taken = [...eq.over, ...X.sums(eq.value).flatMap((s) => s.over)].some((i) =>
        [strip, column].includes(i.name)
      )
      if (pays && width % columns === 0 && !taken) {
        totals.set(eq.defines, { eq, read, other: walkedAcross(eq, read) })
      }
    }
    if (totals.size === 0) return e
    // A copy that others read as well stays as it is.
    const shared = new Set(e.equations.filter((eq) => !totals.has(eq.defines)).flatMap((eq) => X.tensors(eq.value)))
    const chosen = new Map([...totals].filter(([, { read }]) => !shared.has(read.tensor)))
    const widths = new Map(
      [...chosen.values()].map(({ eq, read }) => [read.tensor, size(eq.over.at(-1)?.dim ?? Dim.one)])
    )
    const tensors: Record<string, Tensor> = { ...e.tensors }
    const put = (name: string, dims: readonly Dim.Dim[]): string => {
      tensors[name] = { name, role: 'value', dims }
      return name
    }
    const [p, q] = [(width: number) => X.index(strip, width / columns), X.index(column, columns)]
    /** `R_strips[p,i,q] = R[i, 8 p + q]`, instead of the copy that R was. */
    const strips = (eq: Equation, source: Read, width: number): Equation => {
      delete tensors[eq.defines]
      const row = eq.over.at(-1)?.name
      const over = [p(width), ...eq.over.slice(0, -1), q]
      const place = X.plus(X.timesBy(p(width), columns), q)
      const value = X.mapPositions(X.mapIndex((i) => (i.name === row ? place : i)))(source)
      const name = put(
        inStrips(eq.defines),
        over.map((i) => i.dim)
      )
      const { [eq.defines]: label = 'strips', ...labels } = eq.labels
      return { ...eq, defines: name, over, value, labels: { ...labels, [name]: label } }
    }

    /** `L_beside[c,i] = L[i,c]`: its name and place, and its equation where it is not there yet. */
    const sideBySide = (eq: Equation, read: Read) => {
      const axes = summedLast(eq, read.at)
      const at = arranged(read.at, axes)
      const [name, label] = [`${read.tensor}, side by side as ${axes.join(', ')}`, eq.labels[read.tensor] ?? 'rows']
      const own = `${label}_beside`
      if (tensors[name] !== undefined) return { name, at, label: own, made: [] }
      const indices = [...eq.over, ...X.sums(eq.value).flatMap((s) => s.over)]
      const over = at.map((position) => indices.find((i) => i.name === nameOf(position)) as X.Index)
      put(
        name,
        over.map((i) => i.dim)
      )
      const labels = { [name]: own, [read.tensor]: label }
      const made: Equation = { ...eq, defines: name, over, value: read, rule: 'axis order', labels }
      return { name, at, label: own, made: [made] }
    }

    /** `T_strips[p,c,q] = sum_i L_beside[c,i] R_strips[p,i,q]`, and T from it. */
    const total = ({ eq, read, other }: Total): readonly Equation[] => {
      const last = eq.over.at(-1) as X.Index
      const rows = eq.over.slice(0, -1)
      const over = [p(size(last.dim)), ...rows, q]
      const name = put(
        inStrips(eq.defines),
        over.map((i) => i.dim)
      )
      const copy = other === null ? null : sideBySide(eq, other)
      const value = X.mapReads((r) => {
        if (r === other && copy !== null) return { ...r, tensor: copy.name, at: copy.at }
        if (r !== read) return r
        return { ...r, tensor: inStrips(r.tensor), at: [p(size(last.dim)), ...r.at.slice(0, -1), q] }
      })(eq.value)
      const own = eq.labels[eq.defines] ?? 'total'
      const { [read.tensor]: label = 'strips', ...labels } = eq.labels
      const beside = copy === null ? {} : { [copy.name]: copy.label }
      const back: Equation = {
        ...eq,
        value: X.tensor(name)(X.quotient(last, Dim.of(columns)), ...rows, X.remainder(last, Dim.of(columns))),
        rule: 'axis order',
        labels: { [eq.defines]: own, [name]: `${own}_strips` }
      }
      const found = { ...labels, ...beside, [name]: own, [inStrips(read.tensor)]: label }
      return [...(copy?.made ?? []), { ...eq, defines: name, over, value, labels: found }, back]
    }

    const equations = e.equations.flatMap((eq): readonly Equation[] => {
      const width = widths.get(eq.defines)
      const source = copied(eq)
      if (width !== undefined && source !== null) return [strips(eq, source, width)]
      const own = chosen.get(eq.defines)
      return own === undefined ? [eq] : total(own)
    })
    return { ...e, tensors, equations }
  }
