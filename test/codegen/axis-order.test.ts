/** Axis orders: the same values whatever the order, and the order that costs least loads. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import * as C from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { adam } from '../../codegen/rules/optimiser'
import { cheapestOrder } from '../../codegen/schedules/axis-cost'
import { type AxisOrder, reorder, type Turned } from '../../codegen/schedules/axis-order'
import { sumsByLanes } from '../../codegen/schedules/lane-sums'
import { totalsInStrips } from '../../codegen/schedules/strips'
import { sumsInOrder } from '../../codegen/schedules/sum-order'
import * as Key from '../../runtime/random/key'
import { algebraformer } from '../../spec/zoo'
import { catalogue } from '../../spec/zoo/catalogue'
import { agrees } from '../support/agrees'
import { right, typed } from '../support/right'

const equationsOf = (name: string, goal: C.Goal, n: number): Equations =>
  right(C.equations(goal, typed(catalogue[name]?.model(n) as Parameters<typeof typed>[0])))

/** Every array in a random order, and every read of it that can be from a padded copy in another. */
const shuffled = (e: Equations, seed: number): { readonly order: AxisOrder; readonly turned: readonly Turned[] } => {
  const order = new Map<string, number>()
  const turned: Turned[] = []
  const picks = Key.uniform(Key.key(seed), 3 * Object.keys(e.tensors).length)
  for (const [at, [name, { dims }]] of Object.entries(e.tensors).entries()) {
    if (dims.length < 2) continue
    const pick = (k: number): number => Math.floor((picks[3 * at + k] ?? 0) * dims.length)
    if (pick(0) < dims.length - 1) order.set(name, pick(0))
    const from = pick(1)
    const axes = [...dims.keys()].map((k) => (k + from) % dims.length)
    const reads = new Set(e.equations.flatMap((eq) => X.reads(eq.value).filter((r) => r.tensor === name)))
    if (reads.size > 0) turned.push({ tensor: name, axes: from % 2 === 0 ? axes : axes.reverse(), pad: pick(2), reads })
  }
  return { order, turned }
}

test('the order of axes changes no value', (t) => {
  const sizes = { n: 3, batch: 5 }
  for (const name of [
    'block-linear-3-paper',
    'full-linear-2',
    'mixed-linear-2',
    'transformer-1-causal',
    'polynomial-6'
  ]) {
    const e = equationsOf(name, { _tag: 'vjp' }, 3)
    const { order, turned } = cheapestOrder(e, sizes)
    agrees(t, `${name}, cheapest`, e, sumsInOrder(sizes)(reorder(order, turned)(e)), sizes)
    for (const seed of [1, 2]) {
      const other = shuffled(e, seed)
      agrees(t, `${name}, shuffled`, e, sumsInOrder(sizes)(reorder(other.order, other.turned)(e)), sizes)
    }
  }
  t.end()
})

const lastIndex = (e: Equations, order: AxisOrder, name: string): string | undefined => {
  const eq = e.equations.find(({ defines }) => defines === name)
  return eq?.over[order.get(name) ?? eq.over.length - 1]?.name
}

test('neighbouring threads run along systems, or along tokens', (t) => {
  const block = equationsOf('block-linear-3', { _tag: 'forward' }, 9)
  const many = cheapestOrder(block, { n: 9, batch: 1000 })
  const values = block.equations.filter(({ over }) => over.length > 1 && over[0]?.name === 's')
  t.deepEqual(
    values.filter((eq) => lastIndex(block, many.order, eq.defines) !== 's').map((eq) => eq.defines),
    [],
    'a thousand systems: along s everywhere'
  )
  const step = right(
    C.equations(
      { _tag: 'step', optimiser: adam },
      typed(algebraformer({ n: 64, width: 128, heads: 2, hidden: 128, blocks: 1 }))
    )
  )
  const trained = cheapestOrder(step, { n: 64, batch: 8 })
  t.ok(trained.turned.length > 0, `a training step: ${trained.turned.length} arrays in a second order`)
  t.ok(
    trained.turned.every(({ pad }) => pad === 0 || pad === 16),
    'rows that are a multiple of 64 long are padded'
  )
  const weights = trained.turned.filter(({ tensor }) => step.tensors[tensor]?.role === 'parameter')
  t.ok(
    weights.some(({ axes }) => axes.join(' ') === '2 0 1'),
    'heads and their columns side by side for what is summed over both'
  )
  t.end()
})

test('sums over the lanes as well run lane by lane first, with the same values', (t) => {
  const sizes = { n: 1, batch: 1 }
  const [i, c, s] = [X.index('i', 32), X.index('c', 5), X.index('s', 8)]
  const [Y, m, R] = [X.tensor('Y')(i, c, s), X.tensor('m')(i), X.tensor('R')(i, s, c)]
  const cases = [
    { value: X.sum([i, s], Y), made: 2, label: 'the gradient of a bias' },
    { value: X.sum([i, s], X.multiply(Y, m)), made: 2, label: 'with a factor that is the same for all lanes' },
    { value: X.sum([i, s], Y, R), made: 1, label: 'with one that runs along the result' },
    { value: X.sum([s], X.tensor('Y')(0, c, s)), made: 1, label: 'of the lanes alone' },
    { value: X.multiply(2, X.sum([i, s], Y)), made: 1, label: 'in a formula' }
  ]
  for (const { value, made, label } of cases) {
    const e = byHand({
      name: 'bias',
      inputs: [
        { name: 'Y', role: 'data', dims: [32, 5, 8] },
        { name: 'm', role: 'data', dims: [32] },
        { name: 'R', role: 'data', dims: [32, 8, 5] }
      ],
      equations: [{ defines: 'T', over: [c], value }],
      outputs: ['T']
    })
    const divided = sumsByLanes(sizes)(e)
    t.equal(divided.equations.length, made, `${label}: ${made}`)
    if (made > 1) agrees(t, label, e, divided, sizes)
  }
  t.end()
})

/**
 * `T[c,d] = sum_{s,i} L[s,i,c] R[s,i,d]`, twice over, with `L[c,s,i]` where it is `beside`; and `U[d] = sum_{s,i} R[s,i,d]`
 * where R has another reader.
 */
const gradient = (width: number, others: boolean, beside: boolean): Equations => {
  const [s, i, c, d] = [X.index('s', 8), X.index('i', 64), X.index('c', 64), X.index('d', width)]
  const [L, R] = [beside ? X.tensor('L')(c, s, i) : X.tensor('L')(s, i, c), X.tensor('R')(s, i, d)]
  return byHand({
    name: 'gradient',
    inputs: [
      { name: 'L', role: 'data', dims: beside ? [64, 8, 64] : [8, 64, 64] },
      { name: 'R', role: 'data', dims: [8, 64, width] }
    ],
    equations: [
      { defines: 'T', over: [c, d], value: X.sum([s, i], L, R) },
      { defines: 'again', over: [c, d], value: X.sum([s, i], L, R) },
      ...(others ? [{ defines: 'U', over: [d], value: X.sum([s, i], R) }] : [])
    ],
    outputs: others ? ['T', 'again', 'U'] : ['T', 'again']
  })
}

test('sums over many rows run by strips of columns, with the same values', (t) => {
  const sizes = { n: 1, batch: 1 }
  const cases = [
    { width: 192, others: false, beside: false, strips: true, label: 'a large array that two sums read' },
    {
      width: 192,
      others: false,
      beside: true,
      strips: true,
      label: 'and what they multiply it by stands side by side'
    },
    { width: 196, others: false, beside: false, strips: false, label: 'columns that strips do not divide' },
    { width: 64, others: false, beside: false, strips: false, label: 'an array that stays in the cache' },
    { width: 192, others: true, beside: false, strips: false, label: 'a copy with another reader' }
  ]
  for (const { width, others, beside, strips, label } of cases) {
    const e = gradient(width, others, beside)
    const reads = new Set(e.equations.flatMap((eq) => X.reads(eq.value).filter((r) => r.tensor === 'R')))
    const turned = reorder(new Map(), [{ tensor: 'R', axes: [0, 1, 2], pad: 16, reads }])(e)
    const made = totalsInStrips(sizes)(turned)
    t.equal(made !== turned && made.equations.length > turned.equations.length, strips, label)
    if (!strips) continue
    const copies = made.equations.filter((eq) => eq.defines.includes('side by side'))
    t.deepEqual(
      copies.map((eq) => eq.over.map((index) => index.name).join(',')),
      beside ? [] : ['c,s,i'],
      'the other factor is copied once, for both, where its rows lie apart'
    )
    agrees(t, label, e, made, sizes)
  }
  t.end()
})
