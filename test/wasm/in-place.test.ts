/** Updates in place: all of an optimiser's, none that something else still needs, and the same numbers either way. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import { plan as planFor } from '../../codegen/compile'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import { adamW } from '../../codegen/rules/optimiser'
import { schedule } from '../../codegen/schedule'
import { inPlace } from '../../codegen/schedules/in-place'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { engine } from '../../runtime/wasm/engine'
import { infer } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { right } from '../support/right'

const size = 47
const [i, x] = [X.index('i', size), X.tensor('x')]
const y = X.tensor('y')

const programOf = (
  equations: Parameters<typeof byHand>[0]['equations'],
  outputs: readonly string[] = ['x2'],
  updates = [{ input: 'x', output: 'x2' }]
): Plan =>
  right(
    schedule(
      wasm,
      {}
    )(
      byHand({
        name: 'by hand',
        inputs: [
          { name: 'x', role: 'state', dims: [size] },
          { name: 'y', role: 'state', dims: [size] }
        ],
        equations,
        outputs,
        updates
      })
    )
  )

const x2 = { defines: 'x2', over: [i], value: X.add(x(i), X.multiply(2, y(i))) }

const backwards = X.multiply(2, X.equal(i, 0, x(size - 1), x(X.minus(i, 1))))

test('every update of a training step is written in place', (t) => {
  for (const name of ['block-linear-2', 'transformer-2']) {
    const typed = right(infer(catalogue[name]!.model(4)))
    const goal = { _tag: 'step', optimiser: { ...adamW(0.01), clip: 1 } } as const
    const plan = right(planFor(wasm, goal, typed, { n: 4, batch: 2 }))
    t.equal(inPlace(plan).size, plan.updates.length, `${name}: ${plan.updates.length} updates`)
    const { places } = print(plan)
    t.ok(
      plan.updates.every(({ input, output }) => places[input] === places[output]),
      'they have the places of their inputs'
    )
  }
  t.end()
})

test('an update is not in place where something needs the old value', (t) => {
  const cases: readonly [what: string, plan: Plan, inPlace: boolean][] = [
    ['nothing else reads it', programOf([x2]), true],
    ['read before', programOf([{ defines: 'z', over: [i], value: X.multiply(3, x(i)) }, x2], ['z', 'x2']), true],
    ['read later', programOf([x2, { defines: 'z', over: [i], value: X.multiply(3, x(i)) }], ['z', 'x2']), false],
    ['read at another place', programOf([{ ...x2, value: backwards }]), false],
    ['summed', programOf([{ ...x2, value: X.sum([X.index('k', size)], x(X.index('k', size)), y(i)) }]), false],
    ['asked for', programOf([x2], ['x', 'x2']), false],
    ['exchanged', programOf([x2], ['x2'], [{ input: 'x', output: 'y' }]), false]
  ]
  for (const [what, plan, expected] of cases) t.equal(inPlace(plan).has('x2'), expected, what)
  t.end()
})

test('numbers are those of updates that are copied', async (t) => {
  const plain = programOf([{ defines: 'z', over: [i], value: X.multiply(3, x(i)) }, x2], ['z', 'x2'])
  const made = await engine(print(plain))
  made.write(
    'x',
    Float32Array.from({ length: size }, (_, k) => k)
  )
  made.write('y', new Float32Array(size).fill(1))
  const [first, second] = [await made.run(['z', 'x2']), await made.run(['z', 'x2'])]
  t.deepEqual([...(first['z'] ?? [])].slice(0, 3), [0, 3, 6], 'the first call sees what was written')
  t.deepEqual([...(first['x2'] ?? [])].slice(0, 3), [2, 3, 4], 'and gives what comes of it')
  t.deepEqual([...(second['z'] ?? [])].slice(0, 3), [6, 9, 12], 'the second sees the first update')
  t.deepEqual([...((await made.read(['x']))['x'] ?? [])].slice(0, 3), [4, 5, 6], 'which lasts')
  const last = [...((await made.read(['x']))['x'] ?? [])]
  t.deepEqual(
    last,
    last.map((_, k) => k + 4),
    'and no number is updated twice'
  )
  await made.destroy()
  t.end()
})
