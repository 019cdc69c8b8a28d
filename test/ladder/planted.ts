/** Faults to plant in the compiler, one arrow each. */
import type { Equation, Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import type { Program } from '../../codegen/program'
import { print } from '../../codegen/targets/gpujs'
import { type Compiler, compiler } from '../../runtime/ladder/compiler'

// --- faults of equations ---------------------------------------------------------------------------------------------

/** Change the first equation of a part whose tensor's name ends so; a fault that finds no place is a bug of the test. */
export const change =
  (part: string, ending: string, f: (eq: Equation) => Equation) =>
  (e: Equations): Equations => {
    const at = e.equations.findIndex((eq) => eq.part === part && eq.defines.endsWith(ending))
    if (at < 0) return e
    return { ...e, equations: e.equations.map((eq, k) => (k === at ? f(eq) : eq)) }
  }

export const value =
  (f: (v: X.Expr) => X.Expr) =>
  (eq: Equation): Equation => ({ ...eq, value: f(eq.value) })

export const dropLastTerm = value((v) => (v._tag === 'add' ? X.add(...v.terms.slice(0, -1)) : X.zero))
/** Change the parts of an expression, innermost first. */
export const inside =
  (f: (e: X.Expr) => X.Expr) =>
  (e: X.Expr): X.Expr =>
    f(X.mapParts(inside(f))(e))

/** Conditions `k < p` that hold one place further. */
export const oneFurther = value(
  inside((e) => (e._tag === 'where' ? { ...e, when: { ...e.when, right: X.plus(e.when.right, 1) } } : e))
)

const negated = value((v) => X.negate(v))
export const doubled = value((v) => X.multiply(2, v))

/** Swap two indices wherever they are read. */
const swapped = (one: string, other: string) =>
  value(
    X.mapReads((r) => {
      const swap = X.mapIndex((i) => ({ ...i, name: i.name === one ? other : i.name === other ? one : i.name }))
      return { ...r, at: r.at.map(swap) }
    })
  )

/** Read one tensor in place of another. */
export const reading =
  (from: string, to: string) =>
  (e: Equations, eq: Equation): Equation => ({
    ...eq,
    value: X.mapReads((r) => {
      const target = r.tensor.endsWith(from) ? r.tensor.slice(0, -from.length) + to : r.tensor
      return e.tensors[target] === undefined ? r : { ...r, tensor: target }
    })(eq.value)
  })

export const lowering = (f: (e: Equations) => Equations): Compiler => ({
  ...compiler,
  lower: (goal, typed) => f(compiler.lower(goal, typed))
})

export const optimising = (f: (e: Equations) => Equations): Compiler => ({
  ...compiler,
  optimise: (e) => f(compiler.optimise(e))
})

/** The first value that stands at one place of an axis, put at the place before it. */
const misplaced = (e: Equations): Equations => {
  const moved = (v: X.Expr): X.Expr => {
    if (v._tag !== 'where' || v.when._tag !== 'equal' || v.when.right._tag !== 'size') return X.mapParts(moved)(v)
    return { ...v, when: { ...v.when, right: X.minus(v.when.right, 1) } }
  }
  const isPlaced = (v: X.Expr): boolean => JSON.stringify(moved(v)) !== JSON.stringify(v)
  const at = e.equations.findIndex((eq) => eq.part === 'vjp' && isPlaced(eq.value))
  return { ...e, equations: e.equations.map((eq, k) => (k === at ? value(moved)(eq) : eq)) }
}

// --- faults of schedules and texts -----------------------------------------------------------------------------------

const scheduling = (f: (plan: Plan) => Plan): Compiler => ({
  ...compiler,
  schedule: (target, sizes, e) => f(compiler.schedule(target, sizes, e))
})

export const printing = (f: (source: string) => string): Compiler => ({
  ...compiler,
  printers: {
    gpujs: (plan): Program => {
      const made = print(plan)
      return { ...made, kernels: made.kernels.map((k) => ({ ...k, source: f(k.source) })) }
    }
  }
})

export const printing64 = (f: (source: string) => string): Compiler => ({
  ...compiler,
  printJavaScript: (plan) => {
    const made = compiler.printJavaScript(plan)
    return { ...made, functions: made.functions.map(f) }
  }
})

/** Every kernel name to which a text fault applies is its own; the first text that contains the pattern is changed. */
export const once = (pattern: RegExp, by: string) => {
  let done = false
  return (source: string): string => {
    if (done || !pattern.test(source)) return source
    done = true
    return source.replace(pattern, by)
  }
}

const launches = (plan: Plan, f: (inputs: readonly string[]) => readonly string[]): Plan => {
  const at = plan.launches.findIndex((l) => l.inputs.length >= 3)
  return { ...plan, launches: plan.launches.map((l, k) => (k === at ? { ...l, inputs: f(l.inputs) } : l)) }
}

/** A launch late in the plan that reads what an earlier layer wrote under the same label. */
export const stale = (plan: Plan): Plan => {
  const sizeOf = new Map(plan.buffers.map((b) => [b.name, b.elements]))
  for (let at = plan.launches.length - 1; at > 0; at--) {
    for (const name of plan.launches[at]?.inputs ?? []) {
      const earlier = plan.buffers.find((b) => b.name !== name && b.elements === sizeOf.get(name) && b.first < at - 1)
      if (earlier === undefined) continue
      const inputs = (plan.launches[at]?.inputs ?? []).map((i) => (i === name ? earlier.name : i))
      return { ...plan, launches: plan.launches.map((l, k) => (k === at ? { ...l, inputs } : l)) }
    }
  }
  return plan
}

/** Give a buffer the slot of one that is still alive. */
export const sharedSlot = (plan: Plan): Plan => {
  for (const b of plan.buffers) {
    const other = plan.buffers.find(
      (o) => o.first < b.first && o.last > b.first && o.slot !== b.slot && o.elements >= b.elements
    )
    if (other !== undefined) {
      return { ...plan, buffers: plan.buffers.map((x) => (x === b ? { ...x, slot: other.slot } : x)) }
    }
  }
  return plan
}

// --- the list --------------------------------------------------------------------------------------------------------

export interface Planted {
  readonly name: string
  readonly where: 'rule' | 'optimiser' | 'schedule' | 'printer'
  readonly compiler: () => Compiler
}

export const planted: readonly Planted[] = [
  {
    name: 'attention forgets b in its scores',
    where: 'rule',
    compiler: () => lowering(change('forward', '0.attention.S', dropLastTerm))
  },
  {
    name: 'attention transposes its scores',
    where: 'rule',
    compiler: () => lowering(change('vjp', '0.attention.dV', swapped('i', 'j')))
  },
  {
    name: 'the scale of b is doubled on its way in',
    where: 'rule',
    compiler: () =>
      lowering(
        change(
          'forward',
          'encode.bhat',
          value((v) => (v._tag === 'where' ? X.multiply(2, v) : v))
        )
      )
  },
  {
    name: 'a Block weight is read transposed',
    where: 'rule',
    compiler: () => lowering(change('forward', '1.attention.Q.Y', swapped('m', 'p')))
  },
  {
    name: 'the row sums of the VJP are dropped',
    where: 'rule',
    compiler: () => lowering(change('vjp', '1.attention.Q.dX', dropLastTerm))
  },
  {
    name: 'a cotangent has the wrong sign',
    where: 'rule',
    compiler: () => lowering(change('vjp', '1.attention.P.drow', negated))
  },
  {
    name: 'the gradients of P and Q are swapped',
    where: 'rule',
    compiler: () =>
      lowering((e) => ({
        ...e,
        equations: e.equations.map((eq) =>
          eq.defines === 'd(0.attention.P.mu1)' ? reading('0.attention.P.dmu1', '0.attention.Q.dmu1')(e, eq) : eq
        )
      }))
  },
  {
    name: 'the loss forgets its factor two',
    where: 'rule',
    compiler: () =>
      lowering(
        change(
          'vjp',
          'dx',
          value((v) => X.multiply(0.5, v))
        )
      )
  },
  {
    name: 'Adam averages with the wrong weight',
    where: 'rule',
    compiler: () => lowering(change('update', "v(0.attention.P.mu1)'", doubled))
  },
  {
    name: 'an index is exchanged while fusing',
    where: 'optimiser',
    compiler: () => optimising(change('forward', '0.attention.S', swapped('i', 'j')))
  },
  {
    name: 'a term is lost while folding',
    where: 'optimiser',
    compiler: () => optimising(change('forward', '0.residual.X', dropLastTerm))
  },
  { name: 'a narrow value is put at another place', where: 'optimiser', compiler: () => optimising(misplaced) },
  {
    name: 'two arrays of a launch are exchanged',
    where: 'schedule',
    compiler: () => scheduling((plan) => launches(plan, ([p, q, ...rest]) => [q as string, p as string, ...rest]))
  },
  { name: 'a launch reads a stale array', where: 'schedule', compiler: () => scheduling(stale) },
  { name: 'two living arrays share memory', where: 'schedule', compiler: () => scheduling(sharedSlot) },
  {
    name: 'an update goes to the wrong parameter',
    where: 'schedule',
    compiler: () =>
      scheduling((plan) => {
        const at = plan.launches.length - 1
        const other = plan.launches.findIndex((l, k) => k !== at && l.kernel === plan.launches[at]?.kernel)
        if (other < 0) return plan
        const inputs = plan.launches[other]?.inputs ?? []
        return { ...plan, launches: plan.launches.map((l, k) => (k === at ? { ...l, inputs } : l)) }
      })
  },
  {
    name: 'a loop ends one too early',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/c < this\.constants\.n;/, 'c < this.constants.n - 1;'))
  },
  {
    name: 'an accumulator is overwritten',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/acc \+=/, 'acc ='))
  },
  {
    name: 'two axes of the output are exchanged',
    where: 'printer',
    compiler: () =>
      printing((s) =>
        s
          .replace('const i = this.thread.y', 'const i = this.thread.q')
          .replace('const j = this.thread.x', 'const j = this.thread.y')
          .replace('this.thread.q', 'this.thread.x')
      )
  },
  {
    name: 'a guard is dropped',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/if \(i < this\.constants\.n\) \{/, 'if (i <= this.constants.n) {'))
  },
  {
    name: 'a constant loses digits',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/0\.999\b/g, '0.99'))
  },
  {
    name: 'the float64 text reads the wrong stride',
    where: 'printer',
    compiler: () => printing64(once(/i \* \d+/, 'i'))
  }
]
