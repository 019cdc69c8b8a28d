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
import { type Arrays, type Case, inputsOf } from './case'
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

interface Worst {
  readonly what: string
  readonly error: number
}

const worstOf = (all: readonly Worst[]): Worst =>
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
    return compare(interpret(compiler.optimise(e), c.sizes, inputs), interpret(e, c.sizes, inputs), `${goal._tag} `)
  })
  return row(c, 'optimisation', worstOf(worst), 1e-12)
}

/** `(f(h) - f(-h)) / 2h` by Richardson's extrapolation over two steps: an error of order h^4. */
const derivative = (f: (h: number) => Float64Array, h: number): Float64Array => {
  const central = (step: number): Float64Array => {
    const [up, down] = [f(step), f(-step)]
    return up.map((x, k) => (x - (down[k] as number)) / (2 * step))
  }
  const [coarse, fine] = [central(h), central(h / 2)]
  return fine.map((x, k) => x + (x - (coarse[k] as number)) / 3)
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

const step = 2 ** -10

/** At most this many scalars of one parameter are differenced, spread over it. */
const mostScalars = 6

/** Rung 2: the derivative along each scalar, against its entry of the VJP, relative to the largest of its parameter. */
export const differences = (c: Case, compiler: Compiler): Row => {
  const l = linearise(c, compiler)
  const dx = Key.normal(Key.fold(c.key, 'differences'), c.batch * c.n)
  const pulled = l.pulled(dx)
  const worst = c.typed.parameters.map(({ name }) => {
    const all = pulled[name] ?? new Float64Array()
    const stride = Math.max(1, Math.ceil(all.length / mostScalars))
    const places = Array.from({ length: Math.ceil(all.length / stride) }, (_, k) => k * stride)
    const slopes = places.map((k) => {
      const direction = new Float64Array(all.length)
      direction[k] = 1
      return dot(
        dx,
        derivative((h) => l.at({ [name]: direction }, h), step)
      )
    })
    const scale = Math.max(...slopes.map(Math.abs), ...places.map((k) => Math.abs(all[k] as number)))
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
      derivative((h) => l.at(u, h), step / 8)
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
    const left = derivative(at, step / 8)[0] ?? Number.NaN
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
    return compare(load64(program).run(inputs), interpret(e, c.sizes, inputs), `${goal._tag} `)
  })
  return row(c, 'javascript', worstOf(worst), 1e-12)
}
