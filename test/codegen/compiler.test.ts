import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import * as C from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import { adam } from '../../codegen/rules/optimiser'
import { schedule } from '../../codegen/schedule'
import { simplify } from '../../codegen/simplify'
import { gpujs, gpujsWebasm, print } from '../../codegen/targets/gpujs'
import { javascript } from '../../codegen/targets/javascript'
import { verify } from '../../codegen/verify'
import { evaluate } from '../../runtime/equations/interpret'
import * as Dim from '../../spec/dim'
import { infer, show } from '../../spec/infer'
import * as Zoo from '../../spec/zoo'
import { golden } from '../golden/golden'

const typed = (name: string, n = 4) => {
  const made = infer((Zoo.catalogue[name] as Zoo.Entry).model(n))
  if (E.isLeft(made)) throw new Error(show(made.left))
  return made.right
}

const right = <A>(e: E.Either<unknown, A>): A => {
  if (E.isLeft(e)) throw new Error(String(e.left))
  return e.right
}

const goals: readonly C.Goal[] = [
  { _tag: 'forward' },
  { _tag: 'vjp' },
  { _tag: 'jacobian' },
  { _tag: 'step', optimiser: { ...adam, clip: 1 } }
]

const plans = (name: string, n: number, batch: number): readonly Plan[] =>
  [gpujs, javascript].flatMap((target) =>
    goals.map((goal) => right(C.plan(target, goal, typed(name, n), { n, batch })))
  )

// --- simplification --------------------------------------------------------------------------------------------------

const n = 3
const i = X.index('i', Dim.n)
const leaf = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map(X.number),
  fc.constantFrom(X.tensor('p')(i), X.tensor('q')(i), X.extent(Dim.n), X.tensor('p')(0))
)
const expression: fc.Arbitrary<X.Expr> = fc.letrec<{ e: X.Expr }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('e'), { minLength: 1, maxLength: 3 }).map((t) => X.add(...t)),
    fc.array(tie('e'), { minLength: 1, maxLength: 3 }).map((t) => X.multiply(...t)),
    tie('e').map((t) => X.sum([X.index('c', Dim.n)], t, X.tensor('p')(X.index('c', Dim.n)))),
    fc.tuple(fc.integer({ min: -1, max: 4 }), tie('e'), tie('e')).map(([k, p, q]) => X.below(i, k, p, q)),
    fc.tuple(tie('e'), tie('e')).map(([p, q]) => X.equal(i, 1, p, q))
  )
})).e

/** Sums inside sums bind an index twice; they are no expressions of ours. */
const wellBound = (e: X.Expr, bound: readonly string[] = []): boolean =>
  e._tag === 'sum'
    ? e.over.every((x) => !bound.includes(x.name)) && wellBound(e.body, [...bound, ...e.over.map((x) => x.name)])
    : X.parts(e).every((p) => wellBound(p, bound))

test('simplifying keeps the value', (t) => {
  const tensors = {
    p: { name: 'p', dims: [Dim.n], role: 'data' as const },
    q: { name: 'q', dims: [Dim.n], role: 'data' as const },
    r: { name: 'r', dims: [Dim.n], role: 'value' as const }
  }
  const e: Equations = { name: 'test', tensors, equations: [], outputs: [], updates: [] }
  const arrays = { p: Float64Array.of(1, -2, 3), q: Float64Array.of(0.5, 4, -1) }
  const value = (x: X.Expr) =>
    evaluate(e, { defines: 'r', over: [i], value: x, rule: '', part: 'forward', path: '', labels: {} }, { n }, arrays)
  fc.assert(
    fc.property(
      expression.filter((x) => wellBound(x)),
      (x) => {
        const [before, after] = [value(x), value(simplify(x))]
        return before.every((b, k) => Math.abs(b - (after[k] as number)) <= 1e-9 * (1 + Math.abs(b)))
      }
    ),
    { numRuns: 500, seed: 1 }
  )
  t.pass('500 expressions')
  t.end()
})

// --- verification ----------------------------------------------------------------------------------------------------

test('verification names the phase, the equation and the fault', (t) => {
  const good = C.lowerTo({ _tag: 'forward' }, typed('block-linear-2'))
  const [first, second, ...rest] = good.equations
  if (first === undefined || second === undefined) return t.fail('no equations')
  const fault = (equations: Equations['equations'], more: Partial<Equations> = {}): string => {
    const made = verify('a phase')({ ...good, ...more, equations })
    return E.isLeft(made) ? `${made.left.phase}: ${made.left.reason}` : 'none'
  }
  t.equal(fault(good.equations), 'none', 'what lowering gives is sound')
  t.match(fault([...rest, first, second]), /a phase: it reads .*, which is not yet defined/, 'order')
  t.match(fault([first, first, second, ...rest]), /it is defined twice/, 'twice')
  t.match(fault([first]), /nothing defines it/, 'an output that nothing defines')
  const unbound = { ...first, value: X.tensor('b')(X.index('s', Dim.batch), X.index('z', Dim.n)) }
  t.match(fault([unbound, second, ...rest]), /index z is not bound/, 'an index that nothing binds')
  const axes = { ...first, value: X.tensor('b')(X.index('s', Dim.batch)) }
  t.match(fault([axes, second, ...rest]), /has 2 axes and is read with 1/, 'too few positions')
  const beyond = { ...first, value: X.tensor('b')(X.index('s', Dim.batch), Dim.n) }
  t.match(fault([beyond, second, ...rest]), /axis 1 of size n, is read at n/, 'a place beyond the end')
  const packed = X.tensor('b')(X.index('s', Dim.batch), X.quotient(X.index('c', Dim.n), Dim.n))
  const inSum = { ...first, value: X.sum([X.index('c', Dim.n)], packed) }
  t.match(fault([inSum, second, ...rest]), /packed axis inside a sum or maximum/, 'a packed axis inside a sum')
  const infinite = { ...first, value: X.number(Number.POSITIVE_INFINITY) }
  t.match(fault([infinite, second, ...rest]), /a number is Infinity/, 'a number that is none')
  t.end()
})

// --- what programs are made of ---------------------------------------------------------------------------------------

test('a Block weight is never a matrix', (t) => {
  const [size, batch] = [8, 2]
  const width = 4 * size + 1
  for (const plan of plans('block-linear-3-paper', size, batch)) {
    const parameters = plan.inputs.filter((p) => p.role === 'parameter')
    t.ok(
      parameters.every((p) => p.dims.reduce((a, b) => a * b, 1) <= 16),
      `${plan.target}: at most 16 scalars a parameter, whatever n is`
    )
    t.notOk(
      plan.buffers.some((b) => b.elements % (width * width) === 0),
      `${plan.target}: no array of ${width} x ${width}`
    )
  }
  t.end()
})

test('kernels are shared by layers, not copied for each', (t) => {
  const count = (name: string, goal: C.Goal): number =>
    right(C.plan(gpujs, goal, typed(name), { n: 4, batch: 2 })).kernels.length
  t.equal(count('block-linear-4', { _tag: 'vjp' }), count('block-linear-3', { _tag: 'vjp' }), 'four layers, as three')
  t.end()
})

test('buffers that live together do not share memory', (t) => {
  for (const name of Object.keys(Zoo.catalogue)) {
    for (const plan of plans(name, 4, 2)) {
      const clashes = plan.buffers.flatMap((b) =>
        plan.buffers.filter((o) => o !== b && o.slot === b.slot && o.first <= b.last && b.first <= o.last)
      )
      t.equal(clashes.length, 0, `${name} ${plan.target}: ${plan.buffers.length} buffers in ${plan.slots.length} slots`)
    }
  }
  t.end()
})

test("gpu.js's limits are met", (t) => {
  for (const name of Object.keys(Zoo.catalogue)) {
    for (const goal of goals) {
      const program = right(C.toGpujs(goal, typed(name), { n: 4, batch: 2 }))
      t.ok(
        program.kernels.every((k) => k.parameters.length <= 7),
        `${name} ${goal._tag}: at most seven arrays a kernel`
      )
      t.ok(
        program.kernels.every((k) => k.output.length <= 3 && k.parameters.every((p) => p.dims.length <= 3)),
        `${name} ${goal._tag}: at most three axes`
      )
      t.ok(
        program.kernels.every((k) => k.source.startsWith('function ')),
        `${name} ${goal._tag}: texts are functions`
      )
    }
  }
  t.end()
})

test('a model is refused at a size that it does not fit', (t) => {
  const made = C.toGpujs({ _tag: 'forward' }, typed('full-linear-3-learned', 4), { n: 5, batch: 1 })
  t.ok(E.isLeft(made) && /fits systems of n = 4 only, not n = 5/.test(made.left), 'with a sentence')
  t.end()
})

test('an equation of more arrays than a target takes is computed in parts', (t) => {
  const e = right(C.equations({ _tag: 'step', optimiser: { ...adam, clip: 1 } }, typed('block-linear-3-paper')))
  const most = Math.max(...e.equations.map((q) => X.tensors(q.value).length))
  t.ok(most > 7, `the sum of squares reads ${most} arrays`)
  const plan = right(schedule(gpujs, { n: 4, batch: 2 })(e))
  t.ok(
    plan.launches.every((l) => l.inputs.length <= 7),
    'no launch reads more than seven'
  )
  t.end()
})

// --- texts -----------------------------------------------------------------------------------------------------------

const kernelTexts = [
  'block-linear-3',
  'full-linear-2',
  'polynomial-6',
  'polynomial-9-stride-4',
  'mixed-linear-2',
  'transformer-2',
  'transformer-1-causal',
  'lstm-1',
  'gru-2'
]

test('printed kernels', (t) => {
  const lanes = right(C.plan(gpujsWebasm, { _tag: 'vjp' }, typed('block-linear-2', 9), { n: 9, batch: 100 }))
  golden(
    t,
    'kernels/block-linear-2-webasm',
    `${print(lanes)
      .kernels.map((k) => k.source)
      .join('\n\n')}\n`
  )
  for (const name of kernelTexts) {
    const program = right(C.toGpujs({ _tag: 'vjp' }, typed(name), { n: 4, batch: 2 }))
    golden(t, `kernels/${name}`, `${program.kernels.map((k) => k.source).join('\n\n')}\n`)
  }
  const step = right(
    C.toGpujs({ _tag: 'update', optimiser: { ...adam, clip: 1 } }, typed('block-linear-2'), { n: 4, batch: 2 })
  )
  golden(t, 'kernels/adam', `${step.kernels.map((k) => k.source).join('\n\n')}\n`)
  const plain = right(C.toJavaScript({ _tag: 'forward' }, typed('block-linear-2'), { n: 4, batch: 2 }))
  golden(t, 'kernels/block-linear-2-float64', `${plain.functions.join('\n\n')}\n`)
  const transformer = right(C.toJavaScript({ _tag: 'forward' }, typed('transformer-2'), { n: 4, batch: 2 }))
  golden(t, 'kernels/transformer-2-float64', `${transformer.functions.join('\n\n')}\n`)
  t.end()
})
