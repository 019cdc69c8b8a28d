/**
 * Scheduling: sizes become numbers, arrays get lifetimes, equal kernels become one, and a target's limits are met.
 *
 *     Equations --schedule(target, sizes)--> Plan
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as Dim from '../spec/dim'
import { type Equation, type Equations, inputs as inputsOf } from './equation'
import * as X from './expr'
import { kernelOf, keyOf, nameFault, numberKernels } from './kernel'
import type { Plan, PlanBuffer, PlanKernel, PlanLaunch } from './plan'
import type { ProgramView } from './program'
import { cheapestOrder } from './schedules/axis-cost'
import { reorder } from './schedules/axis-order'
import { epiloguesApart } from './schedules/epilogue'
import { sumsByLanes } from './schedules/lane-sums'
import { sumsInParts } from './schedules/long-sums'
import { totalsInStrips } from './schedules/strips'
import { sumsInOrder } from './schedules/sum-order'
import { allot } from './slots'
import { splitArrays } from './split'
import { withoutBatchOfOne } from './squeeze'

/** What a target can do, as far as the schedule must know. */
export interface Target {
  readonly name: string
  /** The most arrays that one kernel may read, or `null`. */
  readonly mostArrays: number | null
  /** Whether arrays may have their axes in another order; without it, they stand as written. */
  readonly ordersAxes?: boolean
  /** Whether sums over many rows run by strips of columns, for processors with caches and no tiles of registers. */
  readonly strips?: boolean
  /** Whether products of matrices suit tiles of registers: long sums in parts that stay in a cache, epilogues apart where they read from afar. */
  readonly tiles?: boolean
  /** The relative errors of its `exp`, `erf` and `tanh`; the bounds of its kernels count them. */
  readonly errors: Readonly<Record<X.Special, number>>
}

export interface ScheduleError {
  readonly _tag: 'ScheduleError'
  readonly reason: string
}

const fail = (reason: string): E.Either<ScheduleError, never> => E.left({ _tag: 'ScheduleError', reason })

const sizesOf = (dims: readonly Dim.Dim[], sizes: Dim.Sizes): readonly number[] =>
  dims.map((d) => {
    const value = Dim.evaluate(sizes)(d)
    if (E.isLeft(value)) throw new Error(`internal: the size ${value.left} has no value`)
    return value.right
  })

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

// --- views -----------------------------------------------------------------------------------------------------------

/** What a kernel calls a view: as it calls its source, with a number where it reads another view of it too. */
const freshLabel = (
  labels: Readonly<Record<string, string>>,
  view: string,
  source: string,
  wholes: ReadonlySet<string>
): string => {
  const wish = labels[source] ?? source.slice(source.lastIndexOf('.') + 1)
  const free = (name: string): boolean => name === view || (name === source && !wholes.has(source))
  const taken = Object.entries(labels).flatMap(([name, label]) => (free(name) ? [] : [label]))
  let label = wish
  for (let k = 2; taken.includes(label); k++) label = `${wish}${k}`
  return label
}

/** An element or stretch of an input at a fixed place is a view of it, and the kernels that read it are the same. */
const withViews = (
  e: Equations,
  sizes: Dim.Sizes
): { readonly e: Equations; readonly views: readonly ProgramView[] } => {
  const views = new Map<string, ProgramView>()
  const tensors = { ...e.tensors }
  const depthOf = (r: Extract<X.Expr, { _tag: 'read' }>): number => {
    if ((e.tensors[r.tensor]?.role ?? 'value') === 'value') return 0
    const fixed = r.at.findIndex((p) => p._tag !== 'size')
    return fixed < 0 ? r.at.length : fixed
  }
  const wholesOf = (value: X.Expr): ReadonlySet<string> => {
    const found = new Set<string>()
    X.mapReads((r) => {
      if (depthOf(r) === 0) found.add(r.tensor)
      return r
    })(value)
    return found
  }
  const look = (labels: Record<string, string>, wholes: ReadonlySet<string>) =>
    X.mapReads((r) => {
      const source = e.tensors[r.tensor]
      const depth = depthOf(r)
      if (source === undefined || depth === 0) return r
      const dims = sizesOf(source.dims, sizes)
      const place = sizesOf(
        r.at.slice(0, depth).map((p) => (p as Extract<X.Position, { _tag: 'size' }>).dim),
        sizes
      )
      const rest = dims.slice(depth)
      const offset = place.reduce((total, p, axis) => total * (dims[axis] as number) + p, 0) * product(rest)
      const name = `${r.tensor}[${place.join(',')}]`
      views.set(name, { name, of: r.tensor, offset, dims: rest })
      tensors[name] = { name, dims: source.dims.slice(depth), role: source.role }
      labels[name] = freshLabel(labels, name, r.tensor, wholes)
      return { ...r, tensor: name, at: r.at.slice(depth) }
    })
  const equations = e.equations.map((eq): Equation => {
    if (!X.reads(eq.value).some((r) => depthOf(r) > 0)) return eq
    const labels = { ...eq.labels }
    const value = look(labels, wholesOf(eq.value))(eq.value)
    return { ...eq, value, labels }
  })
  return { e: { ...e, tensors, equations }, views: [...views.values()] }
}

// --- the schedule ----------------------------------------------------------------------------------------------------

const inOrder = (e: Equations, sizes: Dim.Sizes, strips: boolean): Equations => {
  const { order, turned } = cheapestOrder(e, sizes)
  const ordered = reorder(order, turned)(e)
  return sumsInOrder(sizes)(strips ? sumsByLanes(sizes)(totalsInStrips(sizes)(ordered)) : ordered)
}

export const schedule =
  (target: Target, sizes: Dim.Sizes) =>
  (all: Equations): E.Either<ScheduleError, Plan> => {
    const single = withoutBatchOfOne(sizes)(all)
    const divided = target.tiles === true ? sumsInParts(sizes)(epiloguesApart(sizes)(single)) : single
    const given = target.ordersAxes === true ? inOrder(divided, sizes, target.strips === true) : divided
    return pipe(
      target.mostArrays === null ? E.right(given) : splitArrays(target.mostArrays)(given),
      E.mapLeft((reason): ScheduleError => ({ _tag: 'ScheduleError', reason })),
      E.chain((whole) => {
        const { e, views } = withViews(whole, sizes)
        const kernels: PlanKernel[] = []
        const byKey = new Map<string, number>()
        const launches: PlanLaunch[] = []
        for (const eq of e.equations) {
          const key = keyOf(e, eq)
          const known = byKey.get(key) ?? kernels.length
          if (known === kernels.length) {
            const kernel = kernelOf(e, eq)
            const fault = nameFault(kernel)
            if (fault !== undefined) return fail(fault)
            kernels.push(kernel)
            byKey.set(key, known)
          }
          launches.push({ kernel: known, inputs: X.tensors(eq.value), output: eq.defines })
        }
        const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
        const outputs = [...kept]
        const lasts = new Map<string, number>()
        for (const [at, launch] of launches.entries()) for (const name of launch.inputs) lasts.set(name, at)
        const buffers = launches.map((launch, at) => {
          const dims = sizesOf(e.tensors[launch.output]?.dims ?? [], sizes)
          const last = kept.has(launch.output) ? launches.length : (lasts.get(launch.output) ?? at)
          return { name: launch.output, dims, elements: product(dims), first: at, last }
        })
        const slots = allot(buffers)
        const numbered = numberKernels(kernels)
        return E.right({
          name: e.name,
          target: target.name,
          sizes,
          inputs: inputsOf(whole).map((t) => ({
            name: t.name,
            role: t.role === 'value' ? 'data' : t.role,
            dims: sizesOf(t.dims, sizes)
          })),
          views,
          kernels: numbered,
          launches,
          buffers: buffers.map((b, k): PlanBuffer => ({ ...b, slot: slots.of[k] as number })),
          slots: slots.elements,
          outputs: outputs.map((name) => ({ name, dims: sizesOf(e.tensors[name]?.dims ?? [], sizes) })),
          updates: e.updates
        })
      })
    )
  }
