/**
 * Optimisation: passes over equations, each a pure function that keeps their meaning, run in order and verified after
 * each. None introduces a matrix for a Block weight, since none introduces a tensor.
 */
import * as E from 'fp-ts/Either'

import * as Dim from '../spec/dim'
import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'
import { fuse } from './fuse'
import { mapSame } from './same'
import { simplify } from './simplify'
import { squeeze } from './squeeze'
import { support } from './support'
import { type Fault, verifier } from './verify'

type Pass = (e: Equations) => Equations

/** The equations with `f` applied to each; the same object where `f` changes none. */
const mapEquations = (f: (eq: Equation) => Equation, e: Equations): Equations => {
  const equations = mapSame(e.equations, f)
  return equations === e.equations ? e : { ...e, equations }
}

/** Fold constants, drop zeros and ones, decide conditions. */
const fold: Pass = (e) =>
  mapEquations((eq) => {
    const value = simplify(eq.value)
    return value === eq.value ? eq : { ...eq, value }
  }, e)

const kept = (e: Equations): ReadonlySet<string> => new Set([...e.outputs, ...e.updates.map((u) => u.output)])

/** Drop equations that no output needs. Inputs stay, so that a program's signature depends on its model alone. */
const dropDead: Pass = (e) => {
  const live = new Set(kept(e))
  const equations: Equation[] = []
  for (let at = e.equations.length - 1; at >= 0; at--) {
    const eq = e.equations[at] as Equation
    if (!live.has(eq.defines)) continue
    equations.push(eq)
    for (const tensor of X.tensors(eq.value)) live.add(tensor)
  }
  const dead = (t: Tensor): boolean => t.role === 'value' && !live.has(t.name)
  if (!Object.values(e.tensors).some(dead)) return e
  const tensors = Object.fromEntries(Object.entries(e.tensors).filter(([, t]) => !dead(t)))
  return { ...e, tensors, equations: equations.reverse() }
}

/** Read the source instead of a plain copy of it. */
const dropCopies: Pass = (e) => {
  const source = new Map<string, string>()
  const outputs = kept(e)
  const equations: Equation[] = []
  const fromSource = (original: Equation): Equation => {
    if (source.size === 0) return original
    const labels: Record<string, string> = { ...original.labels }
    const value = X.mapReads((r) => {
      const from = source.get(r.tensor)
      if (from === undefined) return r
      labels[from] = labels[from] ?? original.labels[r.tensor] ?? r.tensor
      return { ...r, tensor: from }
    })(original.value)
    return value === original.value ? original : { ...original, value, labels }
  }
  for (const original of e.equations) {
    const eq = fromSource(original)
    const { value } = eq
    const copies =
      value._tag === 'read' &&
      value.at.length === eq.over.length &&
      value.at.every((p, axis) => p._tag === 'index' && p.name === eq.over[axis]?.name) &&
      (e.tensors[value.tensor]?.dims ?? []).every((d, axis) => Dim.equals(d, (eq.over[axis] as X.Index).dim))
    if (copies && !outputs.has(eq.defines) && value._tag === 'read') source.set(eq.defines, value.tensor)
    else equations.push(eq)
  }
  return source.size === 0 ? e : { ...e, equations }
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
    for (const name of X.tensors(eq.value)) {
      const places = readers.get(name)
      if (places === undefined) readers.set(name, [at])
      else places.push(at)
    }
  }
  let changed = false
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
    changed = true
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
  return changed ? { ...e, tensors, equations } : e
}

const passes: readonly { readonly name: string; readonly run: Pass }[] = [
  { name: 'constant folding', run: fold },
  { name: 'dropping dead equations', run: dropDead },
  { name: 'dropping axes of size one', run: squeeze },
  { name: 'constant folding again', run: fold },
  { name: 'dropping copies', run: dropCopies },
  { name: 'keeping what is not zero', run: support },
  { name: 'keeping what is read', run: slice },
  { name: 'fusing', run: fuse },
  { name: 'dropping what fused', run: dropDead }
]

/** All passes, verified before the first and after each that changed something. */
export const optimise = (e: Equations): E.Either<Fault, Equations> => {
  const verify = verifier()
  return passes.reduce<E.Either<Fault, Equations>>(
    (state, { name, run }) =>
      E.chain((now: Equations) => {
        const next = run(now)
        return next === now ? state : verify(name)(next)
      })(state),
    verify('lowering')(e)
  )
}
