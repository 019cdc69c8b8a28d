/**
 * The rungs that need no device: the layer interpreter against the equations, the equations against themselves optimised,
 * the VJP against differences, and the plain JavaScript target against the equations.
 */
import type { Goal } from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import { adamW } from '../../codegen/rules/optimiser'
import { interpret, prepare } from '../equations/interpret'
import { interpretBatch } from '../interpreter/interpret'
import { adamStep } from '../interpreter/optimiser'
import { load64 } from '../javascript/run'
import * as Key from '../random/key'
import { type Arrays, type Case, inputsOf, nudge } from './case'
import { type Compiler, javascript } from './compiler'
import { dot, relative } from './measure'
import type { Row, RungName } from './rung'

/** AdamW with clipping: every part of the optimiser rules takes part. */
export const judgedOptimiser = { ...adamW(0.01), clip: 1 }

export const goals: readonly Goal[] = [
  { _tag: 'forward' },
  { _tag: 'vjp' },
  { _tag: 'jacobian' },
  { _tag: 'gradient' },
  { _tag: 'update', optimiser: judgedOptimiser },
  { _tag: 'step', optimiser: judgedOptimiser }
]

export interface Worst {
  readonly what: string
  readonly error: number
}

export const worstOf = (all: readonly Worst[]): Worst =>
  all.reduce((p, q) => (q.error > p.error || Number.isNaN(q.error) ? q : p), { what: '', error: 0 })

export const row = (c: Case, rung: RungName, worst: Worst, bound: number): Row => ({
  model: c.typed.model.name,
  n: c.n,
  batch: c.batch,
  rung,
  what: worst.what,
  error: worst.error,
  bound,
  ok: worst.error <= bound
})

const compare = (got: Arrays, want: Arrays, where = ''): Worst =>
  worstOf(
    Object.keys(want).map((what) => ({ what: `${where}${what}`, error: relative(got[what] ?? [], want[what] ?? []) }))
  )

const u64 = 2 ** -53

/**
 * A program against the equations: errors in units of what moving every input by one part in 2^53 does to the outcome,
 * where that is more than one part in 10^14. So a sum that cancels is judged as what it is.
 */
const compareRounded = (c: Case, e: Equations, inputs: Arrays, got: Arrays, where: string): Worst => {
  const run = prepare(e, c.sizes)
  const want = run(inputs)
  const nudged = [1, 2, 3].map((k) => run(nudge(c.key, inputs, k, u64)))
  return worstOf(
    Object.keys(got).map((what) => {
      const moved = nudged.map((n) => relative(n[what] ?? [], want[what] ?? []))
      return {
        what: `${where}${what}`,
        error: relative(got[what] ?? [], want[what] ?? []) / Math.max(1, ...moved.map((m) => m / 1e-14))
      }
    })
  )
}

/** Rung 1: what the model means, against what it was lowered to. */
export const lowering = (c: Case, compiler: Compiler): Row => {
  const e = compiler.lower({ _tag: 'forward' }, c.typed)
  const got = interpret(e, c.sizes, inputsOf(c, e))['x'] ?? new Float64Array()
  const want = interpretBatch(c.typed, c.weights, c)
  return row(c, 'lowering', { what: 'x', error: relative(got, want) }, 1e-12)
}

/** Rung 1, second half: optimisation keeps the meaning of every program. */
export const optimisation = (c: Case, compiler: Compiler): Row => {
  const worst = goals.map((goal) => {
    const e = compiler.lower(goal, c.typed)
    const inputs = inputsOf(c, e)
    return compareRounded(c, e, inputs, interpret(compiler.optimise(e), c.sizes, inputs), `${goal._tag} `)
  })
  return row(c, 'optimisation', worstOf(worst), 1e-12)
}

/** Steps to difference with: long ones for mild functions, short ones for steep ones. */
const steps = [2 ** -8, 2 ** -11, 2 ** -14]

/**
 * `(f(h) - f(-h)) / 2h`, extrapolated over h, h/2 and h/4 (Romberg; an error of order h^6), with the step whose last two
 * extrapolations agree best.
 */
const derivative = (f: (h: number) => Float64Array): Float64Array => {
  const central = (h: number): Float64Array => {
    const [up, down] = [f(h), f(-h)]
    return up.map((x, k) => (x - (down[k] as number)) / (2 * h))
  }
  const extrapolate = (coarse: Float64Array, fine: Float64Array, order: number): Float64Array =>
    fine.map((x, k) => x + (x - (coarse[k] as number)) / (2 ** order - 1))
  const tries = steps.map((h) => {
    const [d1, d2, d4] = [central(h), central(h / 2), central(h / 4)]
    const [low, high] = [extrapolate(d1, d2, 2), extrapolate(d2, d4, 2)]
    const best = extrapolate(low, high, 4)
    return { best, doubt: Math.max(...best.map((x, k) => Math.abs(x - (high[k] as number)))) }
  })
  return tries.reduce((p, q) => (q.doubt < p.doubt ? q : p)).best
}

interface Linearised {
  readonly c: Case
  /** x at weights + h * direction. */
  readonly at: (direction: Arrays, h: number) => Float64Array
  /** Cotangents of the parameters for dx, by parameter. */
  readonly pulled: (dx: Float64Array) => Arrays
}

const linearise = (c: Case, compiler: Compiler): Linearised => {
  // The float64 target, which its own rung holds against the equations, is fast enough for thousands of evaluations.
  const lowered = compiler.optimise(compiler.lower({ _tag: 'forward' }, c.typed))
  const forward = load64(compiler.printJavaScript(compiler.schedule(javascript, c.sizes, lowered)))
  const pulls = compiler.optimise(compiler.lower({ _tag: 'vjp' }, c.typed))
  const vjp = prepare(pulls, c.sizes)
  const inputs = inputsOf(c, pulls)
  const moved = (direction: Arrays, h: number): Arrays => ({
    ...inputs,
    ...Object.fromEntries(
      Object.entries(direction).map(([name, d]) => [
        name,
        (inputs[name] ?? new Float64Array()).map((w, k) => w + h * (d[k] as number))
      ])
    )
  })
  return {
    c,
    at: (direction, h) => (forward.run(moved(direction, h))['x'] ?? new Float64Array()).slice(),
    pulled: (dx) => {
      const out = vjp({ ...inputs, dx })
      return Object.fromEntries(c.typed.parameters.map((p) => [p.name, out[`d(${p.name})`] ?? new Float64Array()]))
    }
  }
}

/** A parameter whose derivatives are smaller than this share of the model's largest is judged by that share. */
const vanishing = 1e-4

/** At most this many scalars of one parameter are differenced, spread over it. */
const mostScalars = 6

/** Rung 2: the derivative along each scalar, against its entry of the VJP, relative to the largest of its parameter. */
export const differences = (c: Case, compiler: Compiler): Row => {
  const l = linearise(c, compiler)
  const dx = Key.normal(Key.fold(c.key, 'differences'), c.batch * c.n)
  const pulled = l.pulled(dx)
  const largest = Math.max(...Object.values(pulled).flatMap((d) => [...d].map(Math.abs)))
  const worst = c.typed.parameters.map(({ name }) => {
    const all = pulled[name] ?? new Float64Array()
    const stride = Math.max(1, Math.ceil(all.length / mostScalars))
    const places = Array.from({ length: Math.ceil(all.length / stride) }, (_, k) => k * stride)
    const slopes = places.map((k) => {
      const direction = new Float64Array(all.length)
      direction[k] = 1
      return dot(
        dx,
        derivative((h) => l.at({ [name]: direction }, h))
      )
    })
    // Where training has made a derivative vanish, what is left of it is rounding of the others.
    const own = Math.max(...slopes.map(Math.abs), ...places.map((k) => Math.abs(all[k] as number)))
    const scale = Math.max(own, vanishing * largest)
    const errors = places.map((k, at) => Math.abs((all[k] as number) - (slopes[at] as number)))
    return { what: name, error: scale === 0 ? 0 : Math.max(...errors) / scale }
  })
  return row(c, 'differences', worstOf(worst), 1e-6)
}

/** Rung 2, second half: `<v, J u> = <J^T v, u>` for random u and v over all parameters at once. */
export const adjoint = (c: Case, compiler: Compiler): Row => {
  const l = linearise(c, compiler)
  const worst = [0, 1].map((k) => {
    const key = Key.fold(Key.fold(c.key, 'adjoint'), k)
    const v = Key.normal(Key.fold(key, 'v'), c.batch * c.n)
    const u = Object.fromEntries(
      c.typed.parameters.map((p) => [
        p.name,
        Key.normal(Key.fold(key, p.name), (c.weights[p.name] ?? new Float64Array()).length)
      ])
    )
    const left = dot(
      v,
      derivative((h) => l.at(u, h / 8)).map((x) => 8 * x)
    )
    const pulled = l.pulled(v)
    const terms = Object.keys(u).map((name) => dot(pulled[name] ?? [], u[name] ?? []))
    const right = terms.reduce((p, q) => p + q, 0)
    const scale = Math.max(Math.abs(left), ...terms.map(Math.abs))
    return { what: `direction ${k + 1}`, error: scale === 0 ? 0 : Math.abs(left - right) / scale }
  })
  return row(c, 'adjoint', worstOf(worst), 1e-6)
}

/** Rung 2 for the loss: its derivative along random directions against the compiled gradient. */
export const gradient = (c: Case, compiler: Compiler): Row => {
  const e = compiler.optimise(compiler.lower({ _tag: 'gradient' }, c.typed))
  const run = prepare(e, c.sizes)
  const inputs = inputsOf(c, e)
  const names = c.typed.parameters.map((p) => p.name)
  const slopes = run(inputs)
  const worst = [0, 1].map((k) => {
    const key = Key.fold(Key.fold(c.key, 'gradient'), k)
    const u = Object.fromEntries(names.map((p) => [p, Key.normal(Key.fold(key, p), c.weights[p]?.length ?? 0)]))
    const at = (h: number): Float64Array => {
      const moved = names.map((p) => [p, (inputs[p] ?? []).map((w, q) => w + h * (u[p]?.[q] as number))] as const)
      return run({ ...inputs, ...(Object.fromEntries(moved) as Arrays) })['loss'] ?? new Float64Array()
    }
    const left = derivative((h) => at(h / 8)).map((x) => 8 * x)[0] ?? Number.NaN
    const terms = names.map((p) => dot(slopes[`d(${p})`] ?? [], u[p] ?? []))
    const right = terms.reduce((p, q) => p + q, 0)
    const scale = Math.max(Math.abs(left), ...terms.map(Math.abs))
    return { what: `direction ${k + 1}`, error: scale === 0 ? 0 : Math.abs(left - right) / scale }
  })
  return row(c, 'gradient', worstOf(worst), 1e-6)
}

/** The optimiser's equations against the algorithm of its paper, on given gradients and nonzero state. */
export const optimiser = (c: Case, compiler: Compiler): Row => {
  const e = compiler.optimise(compiler.lower({ _tag: 'update', optimiser: judgedOptimiser }, c.typed))
  const inputs = inputsOf(c, e)
  const got = interpret(e, c.sizes, inputs)
  const all = (name: (p: string) => string): Arrays =>
    Object.fromEntries(c.typed.parameters.map((p) => [p.name, inputs[name(p.name)] ?? new Float64Array()]))
  const want = adamStep(
    {
      parameters: all((p) => p),
      m: all((p) => `m(${p})`),
      v: all((p) => `v(${p})`),
      power1: inputs['power1']?.[0] ?? Number.NaN,
      power2: inputs['power2']?.[0] ?? Number.NaN
    },
    all((p) => `d(${p})`),
    inputs['rate']?.[0] ?? Number.NaN,
    judgedOptimiser
  )
  const named = (arrays: Arrays, name: (p: string) => string): Arrays =>
    Object.fromEntries(Object.entries(arrays).map(([p, a]) => [`${name(p)}'`, a]))
  const wanted = {
    ...named(want.parameters, (p) => p),
    ...named(want.m, (p) => `m(${p})`),
    ...named(want.v, (p) => `v(${p})`),
    "power1'": Float64Array.of(want.power1),
    "power2'": Float64Array.of(want.power2)
  }
  return row(c, 'optimiser', compare(got, wanted), 1e-12)
}

/** The float64 target against the equations, all programs. */
export const plainJavaScript = (c: Case, compiler: Compiler): Row => {
  const worst = goals.map((goal) => {
    const e: Equations = compiler.optimise(compiler.lower(goal, c.typed))
    const inputs = inputsOf(c, e)
    const program = compiler.printJavaScript(compiler.schedule(javascript, c.sizes, e))
    return compareRounded(c, e, inputs, load64(program).run(inputs), `${goal._tag} `)
  })
  return row(c, 'javascript', worstOf(worst), 1e-12)
}
