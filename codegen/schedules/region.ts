/**
 * Regions: a kernel's output cut into stretches in which as many conditions as possible are decided, with neighbouring
 * loops merged where every array runs through them in one stretch. Cheap algebra that the concrete sizes allow.
 */
import type * as Dim from '../../spec/dim'
import type { PlanKernel } from '../plan'
import type { Loop, Node, Region, Test } from './node'
import * as N from './node'
import * as P from './place'

type Extents = ReadonlyMap<string, number>

const difference = (t: Test): P.Place => P.plus(t.left, P.times(t.right, -1))

// --- algebra ---------------------------------------------------------------------------------------------------------

const isNumber = (n: Node, value?: number): n is Extract<Node, { _tag: 'number' }> =>
  n._tag === 'number' && (value === undefined || n.value === value)

const added = (terms: readonly Node[]): Node => {
  const kept = terms.flatMap((t) => (t._tag === 'add' ? t.of : [t])).filter((t) => !isNumber(t, 0))
  if (kept.length === 0) return N.number(0)
  return kept.length === 1 ? (kept[0] as Node) : { _tag: 'add', of: kept }
}

const multiplied = (factors: readonly Node[]): Node => {
  const kept = factors.flatMap((f) => (f._tag === 'multiply' ? f.of : [f])).filter((f) => !isNumber(f, 1))
  if (kept.length === 0) return N.number(1)
  return kept.length === 1 ? (kept[0] as Node) : { _tag: 'multiply', of: kept }
}

/** Whether a test holds everywhere (true), nowhere (false), or here and there (null). */
const decided = (t: Test, extents: Extents): boolean | null => {
  const { low, high } = P.rangeOf(extents)(difference(t))
  if (t._tag === 'less') return high < 0 ? true : low >= 0 ? false : null
  return low === 0 && high === 0 ? true : low > 0 || high < 0 ? false : null
}

/** Places of a loop at which a test that depends on no other loop changes its mind. */
const cutsOf = (t: Test, loop: Loop): readonly number[] => {
  const place = difference(t)
  if (place._tag !== 'affine') return []
  const [[name, stride], ...others] = Object.entries(place.of.strides) as [string, number][] & [[string, number]]
  if (name !== loop.name || others.length > 0) return []
  const root = -place.of.constant / stride
  const at =
    t._tag === 'less'
      ? [stride > 0 ? Math.ceil(root) : Math.floor(root) + 1]
      : Number.isInteger(root)
        ? [root, root + 1]
        : []
  return at.filter((c) => c > 0 && c < loop.size)
}

const testsIn = (n: Node): readonly Test[] => [...(n._tag === 'where' ? [n.when] : []), ...N.parts(n).flatMap(testsIn)]

const cutPoints = (n: Node, loop: Loop): readonly number[] =>
  [...new Set(testsIn(n).flatMap((t) => cutsOf(t, loop)))].sort((p, q) => p - q)

/** The stretches between cuts: where each begins, and how long it is. */
const stretches = (
  size: number,
  cuts: readonly number[]
): readonly { readonly from: number; readonly size: number }[] =>
  [0, ...cuts].map((from, k) => ({ from, size: (cuts[k] ?? size) - from }))

const shifted = (n: Node, loop: string, from: number): Node =>
  from === 0 ? n : N.mapPlaces(P.substitute(loop, P.plus(P.along(loop), P.fixed(from))))(n)

/** More pieces than this of one sum or of one output are more code than they are worth. */
const mostPieces = 8

const reduce = (by: N.Reducer, over: readonly Loop[], body: Node): Node => {
  if (over.length === 0) return body
  if (by === 'sum') {
    if (over.some((l) => l.size <= 0)) return N.number(0)
    const count = over.reduce((total, l) => total * l.size, 1)
    if (isNumber(body)) return N.number(body.value * count)
    const depends = (n: Node): boolean => over.some((l) => N.loopsOf(n).has(l.name))
    const factors = body._tag === 'multiply' ? body.of : [body]
    const outside = factors.filter((f) => !depends(f))
    if (outside.length > 0 && outside.length < factors.length) {
      return multiplied([...outside, reduce(by, over, multiplied(factors.filter(depends)))])
    }
    if (
      body._tag === 'where' &&
      ![...P.loopsOf(difference(body.when))].some((name) => over.some((l) => l.name === name))
    ) {
      return { ...body, of: [reduce(by, over, body.of[0]), reduce(by, over, body.of[1])] }
    }
  }
  return { _tag: 'reduce', by, over, body }
}

/** Decide tests, cut sums where their tests change, fold what becomes constant. */
const simplified =
  (extents: Extents) =>
  (n: Node): Node => {
    if (n._tag === 'reduce') {
      const inner = new Map([...extents, ...n.over.map((l) => [l.name, l.size] as const)])
      for (const loop of n.by === 'sum' ? n.over : []) {
        const cuts = cutPoints(n.body, loop)
        if (cuts.length === 0 || cuts.length >= mostPieces) continue
        const pieces = stretches(loop.size, cuts).map(({ from, size }): Node => {
          const own = { name: from === 0 ? loop.name : `${loop.name}+${from}`, size }
          const moved = N.mapPlaces(P.substitute(loop.name, P.plus(P.along(own.name), P.fixed(from))))(n.body)
          return { ...n, over: n.over.map((l) => (l === loop ? own : l)), body: moved }
        })
        return added(pieces.map(simplified(extents)))
      }
      const units = n.over.filter((l) => l.size === 1)
      const body = units.reduce((b, l) => N.mapPlaces(P.substitute(l.name, P.fixed(0)))(b), n.body)
      return reduce(
        n.by,
        n.over.filter((l) => l.size !== 1),
        simplified(inner)(body)
      )
    }
    if (n._tag === 'where') {
      const known = decided(n.when, extents)
      if (known !== null) return simplified(extents)(n.of[known ? 0 : 1])
    }
    const inner = N.mapParts(simplified(extents))(n)
    if (inner._tag === 'add') return added(inner.of)
    return inner._tag === 'multiply' ? multiplied(inner.of) : inner
  }

// --- merging ---------------------------------------------------------------------------------------------------------

/** Whether a place runs through two loops, the slow one outside, as through one. */
const isOneStretch = (p: P.Place, slow: Loop, fast: Loop): boolean => {
  const loops = P.loopsOf(p)
  if (!loops.includes(slow.name) && !loops.includes(fast.name)) return true
  return p._tag === 'affine' && (p.of.strides[slow.name] ?? 0) === (p.of.strides[fast.name] ?? 0) * fast.size
}

const placesIn = (n: Node): readonly { readonly place: P.Place; readonly test: boolean }[] => [
  ...(n._tag === 'read' ? [{ place: n.at, test: false }] : []),
  ...(n._tag === 'where' ? [n.when.left, n.when.right].map((place) => ({ place, test: true })) : []),
  ...N.parts(n).flatMap(placesIn)
]

/** The first pair of neighbours that is one stretch, as one loop, and what to put for their variables. */
const joined = (
  loops: readonly Loop[],
  n: Node,
  out: readonly P.Place[] = []
): { readonly loops: readonly Loop[]; readonly rename: (p: P.Place) => P.Place } | null => {
  const places = [...placesIn(n), ...out.map((place) => ({ place, test: false }))]
  for (const [at, fast] of loops.entries()) {
    const slow = loops[at - 1]
    if (slow === undefined) continue
    const fits = places.every(({ place, test }) =>
      test
        ? !P.loopsOf(place).some((name) => name === slow.name || name === fast.name)
        : isOneStretch(place, slow, fast)
    )
    if (!fits) continue
    const both = { name: `${slow.name}${fast.name}`, size: slow.size * fast.size }
    return {
      loops: [...loops.slice(0, at - 1), both, ...loops.slice(at + 1)],
      rename: (p) => P.substitute(slow.name, P.fixed(0))(P.substitute(fast.name, P.along(both.name))(p))
    }
  }
  return null
}

const mergedReductions = (n: Node): Node => {
  if (n._tag !== 'reduce') return N.mapParts(mergedReductions)(n)
  let { over, body } = { over: n.over, body: mergedReductions(n.body) }
  for (let next = joined(over, body); next !== null; next = joined(over, body)) {
    over = next.loops
    body = N.mapPlaces(next.rename)(body)
  }
  return { ...n, over, body }
}

const merged = (r: Region): Region => {
  let now = { ...r, value: mergedReductions(r.value) }
  const next = () => joined(now.loops, now.value, [now.out])
  for (let step = next(); step !== null; step = next()) {
    now = { loops: step.loops, out: step.rename(now.out), value: N.mapPlaces(step.rename)(now.value) }
  }
  return now
}

// --- regions ---------------------------------------------------------------------------------------------------------

const withoutUnits = (r: Region): Region => {
  const put = (p: P.Place): P.Place =>
    r.loops.filter((l) => l.size === 1).reduce((q, l) => P.substitute(l.name, P.fixed(0))(q), p)
  return { loops: r.loops.filter((l) => l.size !== 1), out: put(r.out), value: N.mapPlaces(put)(r.value) }
}

/** Cut a region along one loop where tests change. */
const cut = (r: Region, loop: Loop): readonly Region[] =>
  stretches(loop.size, cutPoints(r.value, loop)).map(({ from, size }) => ({
    loops: r.loops.map((l) => (l.name === loop.name ? { ...l, size } : l)),
    out: P.substitute(loop.name, P.plus(P.along(loop.name), P.fixed(from)))(r.out),
    value: shifted(r.value, loop.name, from)
  }))

const extentsOf = (loops: readonly Loop[]): Extents => new Map(loops.map((l) => [l.name, l.size]))

/** A kernel as regions, which together define every element of its output once. */
export const regionsOf = (k: PlanKernel, sizes: Dim.Sizes): readonly Region[] => {
  let regions: readonly Region[] = [N.nodeOf(k, sizes)]
  for (const { name } of regions[0]?.loops ?? []) {
    const next = regions.flatMap((r) => cut(r, r.loops.find((l) => l.name === name) as Loop))
    if (next.length <= mostPieces) regions = next
  }
  return regions.map((r) => {
    const narrow = withoutUnits(r)
    return merged({ ...narrow, value: simplified(extentsOf(narrow.loops))(narrow.value) })
  })
}
