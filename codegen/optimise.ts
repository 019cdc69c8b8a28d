/**
 * Optimisation: passes over equations, each a pure function that keeps their meaning, run in order and verified after
 * each. None introduces a matrix for a Block weight, since none introduces a tensor.
 */
import * as E from 'fp-ts/Either'

import * as Dim from '../spec/dim'
import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'
import { fuse } from './fuse'
import { simplify } from './simplify'
import { squeeze } from './squeeze'
import { type Fault, verify } from './verify'

type Pass = (e: Equations) => Equations

const mapValues =
  (f: (value: X.Expr) => X.Expr): Pass =>
  (e) => ({ ...e, equations: e.equations.map((eq) => ({ ...eq, value: f(eq.value) })) })

/** Fold constants, drop zeros and ones, decide conditions. */
const fold: Pass = mapValues(simplify)

const kept = (e: Equations): ReadonlySet<string> => new Set([...e.outputs, ...e.updates.map((u) => u.output)])

/** Drop equations that no output needs. Inputs stay, so that a program's signature depends on its model alone. */
const dropDead: Pass = (e) => {
  const live = new Set(kept(e))
  const equations: Equation[] = []
  for (const eq of [...e.equations].reverse()) {
    if (!live.has(eq.defines)) continue
    equations.push(eq)
    for (const name of X.tensors(eq.value)) live.add(name)
  }
  equations.reverse()
  const tensors = Object.fromEntries(
    Object.entries(e.tensors).filter(([name, t]) => t.role !== 'value' || live.has(name))
  )
  return { ...e, tensors, equations }
}

/** Read the source instead of a plain copy of it. */
const dropCopies: Pass = (e) => {
  const source = new Map<string, string>()
  const outputs = kept(e)
  const equations: Equation[] = []
  for (const original of e.equations) {
    const labels: Record<string, string> = { ...original.labels }
    const value = X.mapReads((r) => {
      const from = source.get(r.tensor)
      if (from === undefined) return r
      labels[from] = labels[from] ?? original.labels[r.tensor] ?? r.tensor
      return { ...r, tensor: from }
    })(original.value)
    const eq: Equation = { ...original, value, labels }
    const copies =
      value._tag === 'read' &&
      value.at.length === eq.over.length &&
      value.at.every((p, axis) => p._tag === 'index' && p.name === eq.over[axis]?.name) &&
      (e.tensors[value.tensor]?.dims ?? []).every((d, axis) => Dim.equals(d, (eq.over[axis] as X.Index).dim))
    if (copies && !outputs.has(eq.defines) && value._tag === 'read') source.set(eq.defines, value.tensor)
    else equations.push(eq)
  }
  return { ...e, equations }
}

/**
 * Keep only what is read: an axis of a value that every reader reads at one and the same place is dropped. The last
 * layer of a model that is read at its query is then computed for the query alone.
 */
const slice: Pass = (e) => {
  const outputs = kept(e)
  const tensors: Record<string, Tensor> = { ...e.tensors }
  const equations = [...e.equations]
  const readers = new Map<string, number[]>()
  for (const [at, eq] of equations.entries()) {
    for (const name of X.tensors(eq.value)) readers.set(name, [...(readers.get(name) ?? []), at])
  }
  for (let at = equations.length - 1; at >= 0; at--) {
    const eq = equations[at] as Equation
    if (outputs.has(eq.defines)) continue
    const places = readers.get(eq.defines) ?? []
    const reads = places.flatMap((k) =>
      X.reads((equations[k] as Equation).value).filter((r) => r.tensor === eq.defines)
    )
    const fixed = eq.over.map((_, axis): X.Position | undefined => {
      const [first, ...rest] = reads.map((r) => r.at[axis] as X.Position)
      if (first?._tag !== 'size') return undefined
      return rest.every((p) => p._tag === 'size' && Dim.equals(p.dim, first.dim)) ? first : undefined
    })
    if (fixed.every((p) => p === undefined)) continue
    const place = new Map(eq.over.map((i, axis) => [i.name, fixed[axis]]))
    const put = X.mapPositions(X.mapIndex((i) => place.get(i.name) ?? i))
    const over = eq.over.filter((_, axis) => fixed[axis] === undefined)
    equations[at] = { ...eq, over, value: simplify(put(eq.value)) }
    tensors[eq.defines] = { ...(tensors[eq.defines] as Tensor), dims: over.map((i) => i.dim) }
    const narrow = X.mapReads((r) =>
      r.tensor === eq.defines ? { ...r, at: r.at.filter((_, axis) => fixed[axis] === undefined) } : r
    )
    for (const k of places) {
      const reader = equations[k] as Equation
      equations[k] = { ...reader, value: narrow(reader.value) }
    }
  }
  return { ...e, tensors, equations }
}

const passes: readonly { readonly name: string; readonly run: Pass }[] = [
  { name: 'constant folding', run: fold },
  { name: 'dropping dead equations', run: dropDead },
  { name: 'dropping axes of size one', run: squeeze },
  { name: 'constant folding again', run: fold },
  { name: 'dropping copies', run: dropCopies },
  { name: 'keeping what is read', run: slice },
  { name: 'fusing', run: fuse },
  { name: 'dropping what fused', run: dropDead }
]

/** All passes, verified before the first and after each. */
export const optimise = (e: Equations): E.Either<Fault, Equations> =>
  passes.reduce<E.Either<Fault, Equations>>(
    (state, pass) => E.chain((now: Equations) => verify(pass.name)(pass.run(now)))(state),
    verify('lowering')(e)
  )
