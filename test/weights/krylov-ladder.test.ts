import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import test from 'tape'

import { type Equation, labelOf } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { makeCase } from '../../runtime/ladder/case'
import { check } from '../../runtime/ladder/check'
import { type Compiler, compiler } from '../../runtime/ladder/compiler'
import * as reference from '../../runtime/ladder/reference'
import * as Key from '../../runtime/random/key'
import { Infer, L, M, T, W, Zoo } from '../../spec'
import { typed } from '../support/right'

const krylov = (
  name: string,
  body: L.Layer,
  o: { readonly blocks?: number; readonly query?: T.Query | 'none'; readonly part?: string; readonly bScale?: number }
): M.Model =>
  M.make({
    name,
    encoding: T.equations({ embedding: T.identity(0), query: 'none', bScale: o.bScale ?? null }),
    // The factor before it is learned through the cotangents of A and b themselves.
    body: pipe(
      L.scale(1),
      L.andThen(
        L.krylov({ blocks: o.blocks ?? 1, query: o.query ?? 'paper', part: o.part ?? 'A', low: 0.2, high: 1.8 })(body)
      )
    ),
    readout: M.perToken('b')
  })

const attention = (P: W.Weight, Q: W.Weight, heads = 1): L.Layer => pipe(L.linearAttention({ heads, P, Q }), L.residual)

const overN = W.blockOf({ muScale: 'n' })

/** What the catalogue's model leaves out: heads, one generator, no query, maps and scales inside, parts of rules absent. */
const models: readonly M.Model[] = [
  krylov('heads', pipe(attention(W.block, W.block, 2), L.loop(2)), { blocks: 2 }),
  krylov('three-layers', pipe(attention(W.block, W.block), L.repeat(3)), { blocks: 0, part: 'A' }),
  krylov('one-generator', pipe(attention(W.lean, W.lean), L.repeat(2)), { query: 'b' }),
  krylov('scaled', pipe(attention(W.lean, W.block), L.repeat(2)), { query: 'b', bScale: 0.5 }),
  krylov('ones-in-values', pipe(attention(overN, W.lean), L.andThen(attention(overN, W.lean))), { part: 'H1' }),
  krylov('no-query', pipe(attention(overN, W.block), L.repeat(2)), { query: 'none', part: 'b' }),
  krylov(
    'maps',
    pipe(
      L.linearMap({ weight: W.block }),
      L.andThen(pipe(L.linearAttention({ P: W.lean, Q: overN }), L.andThen(L.scale(0.5)), L.residual)),
      L.andThen(L.linearMap({ weight: W.lean })),
      L.andThen(L.linearAttention({ P: W.block, Q: W.block }))
    ),
    {}
  ),
  krylov('no-blocks', attention(W.block, W.block), { blocks: 0 }),
  krylov('no-attention', L.linearMap({ weight: W.block }), { query: 'b' }),
  krylov('nothing', L.scale(2), { query: 'b' })
]

test('rules in coordinates and their VJPs climb the ladder', async (t) => {
  for (const model of models) {
    const rows = await check({ typed: () => typed(model), weights: null }, null, { sizes: [2], batches: [2] })
    const failed = rows.filter((row) => !row.ok)
    t.ok(rows.length === 7, `${model.name}: all rungs`)
    t.deepEqual(
      failed.map((row) => `${row.rung} ${row.n}: ${row.fault ?? row.error} ${row.what}`),
      [],
      `${model.name}: hold`
    )
  }
})

/** One equation of every rule, a hundredth too large. */
const faults: readonly (readonly [rule: string, label: string, part: 'forward' | 'vjp'])[] = [
  ['krylov basis', 'T', 'forward'],
  ['krylov basis', 'G', 'forward'],
  ['krylov basis', 'dmoments', 'vjp'],
  ['krylov multiplication', 'times', 'forward'],
  ['krylov multiplication', 'dpoly', 'vjp'],
  ['krylov Gram product', 'dC', 'vjp'],
  ['krylov linear map', 'rho', 'forward'],
  ['krylov linear map', 'dG', 'vjp'],
  ['krylov scores', 'CS', 'forward'],
  ['krylov attention', 'dW', 'vjp'],
  ['krylov query', 'dtau', 'vjp'],
  ['krylov query Gram product', 'dG', 'vjp'],
  ['krylov answer', 'dT', 'vjp']
]

test('a damaged rule fails the ladder', (t) => {
  const model = typed(Zoo.krylov({ layers: 2, low: 0.2, high: 1.8 }))
  const c = makeCase(model, 2, 1, Key.key(3), null)
  for (const [rule, label, part] of faults) {
    const isIt = (eq: Equation): boolean => eq.rule === rule && labelOf(eq, eq.defines) === label && eq.part === part
    const damaged: Compiler = {
      ...compiler,
      lower: (goal, of) => {
        const e = compiler.lower(goal, of)
        const worse = (eq: Equation): Equation => (isIt(eq) ? { ...eq, value: X.multiply(1.01, eq.value) } : eq)
        return { ...e, equations: e.equations.map(worse) }
      }
    }
    const climb = part === 'forward' ? reference.lowering : reference.gradient
    t.notOk(climb(c, damaged).ok, `${rule}, ${label}`)
  }
  t.ok(reference.lowering(c, compiler).ok && reference.gradient(c, compiler).ok, 'undamaged, it holds')
  t.end()
})

test('a krylov layer that makes no sense is refused with its place', (t) => {
  const wrapped = (body: L.Layer, o: Parameters<typeof krylov>[2] = {}): string => {
    const found = Infer.infer(krylov('wrong', body, o))
    return E.isLeft(found) ? Infer.show(found.left) : 'accepted'
  }
  const one = attention(W.block, W.block)
  const inner = L.krylov({ blocks: 1, query: 'b', part: 'A', low: 0, high: 1 })
  const cases: readonly [found: string, reason: string][] = [
    [wrapped(one), 'accepted'],
    [wrapped(attention(W.full, W.block)), 'body.residual.linearAttention.P: expected a Block weight, found full'],
    [wrapped(L.linearMap({ weight: W.product(2) })), 'body.linearMap.weight: expected a Block weight, found product'],
    [wrapped(inner(one)), 'body.krylov: expected attention, maps and scales, found krylov'],
    [wrapped(one, { part: 'H2' }), 'expected part: A, H1, found H2'],
    [wrapped(one, { query: 'none' }), 'expected part: b, found A'],
    [wrapped(one, { blocks: -1 }), 'expected blocks: a whole number of at least 0, found -1'],
    [wrapped(one, { query: 'none', part: 'b', blocks: 0 }), 'accepted']
  ]
  for (const [found, reason] of cases) t.ok(found.includes(reason), found)
  const tokens = M.make({
    name: 'tokens',
    encoding: T.equations({ embedding: T.identity(1) }),
    body: inner(one),
    readout: M.query('A')
  })
  const found = Infer.infer(tokens)
  t.ok(
    E.isLeft(found) && Infer.show(found.left).includes('n tokens with parts A and b, no query'),
    'tokens with a query'
  )
  t.end()
})
