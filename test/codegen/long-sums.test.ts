/** Long sums run in parts: the same values, where it pays and nowhere else. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { schedule } from '../../codegen/schedule'
import { sumsInParts } from '../../codegen/schedules/long-sums'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { interpret, lengthOf } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import { engine } from '../../runtime/wasm/engine'
import { agrees } from '../support/agrees'
import { right } from '../support/right'

/** `Y[i,c] = b[c] + 0.5 sum_d L[i,d] R[c,d]`, or with L squared. */
const layer = (
  [rows, columns, terms]: readonly [rows: number, columns: number, terms: number],
  squared = false
): Equations => {
  const [i, c, d] = [X.index('i', rows), X.index('c', columns), X.index('d', terms)]
  const [L, R, b] = [X.tensor('L')(i, d), X.tensor('R')(c, d), X.tensor('b')(c)]
  return byHand({
    name: 'layer',
    inputs: [
      { name: 'L', role: 'data', dims: [rows, terms] },
      { name: 'R', role: 'parameter', dims: [columns, terms] },
      { name: 'b', role: 'parameter', dims: [columns] }
    ],
    equations: [
      { defines: 'Y', over: [i, c], value: X.add(b, X.multiply(0.5, X.sum([d], ...(squared ? [L, L, R] : [L, R])))) }
    ],
    outputs: ['Y']
  })
}

const sizes = { n: 1, batch: 1 }

test('long sums are divided, with the same values', (t) => {
  const cases = [
    { of: [64, 80, 1024], parts: 2, label: 'a long sum' },
    { of: [64, 64, 1536], parts: 3, label: 'a longer one' },
    { of: [64, 64, 512], parts: 1, label: 'a short one' },
    { of: [64, 64, 1100], parts: 1, label: 'one that parts do not divide' },
    { of: [32, 64, 1024], parts: 1, label: 'few rows' },
    { of: [64, 32, 1024], parts: 1, label: 'few columns' }
  ] as const
  for (const { of, parts, label } of cases) {
    const e = layer(of)
    const made = sumsInParts(sizes)(e)
    t.equal(made.equations.length, parts, `${label}: ${parts}`)
    if (parts > 1) agrees(t, label, e, made, sizes)
  }
  t.equal(sumsInParts(sizes)(layer([64, 64, 1024], true)).equations.length, 1, 'a product of three')
  t.end()
})

test('parts on the wasm target, and rows in chunks of one size', async (t) => {
  for (const [rows, columns, terms] of [
    [70, 66, 1024],
    [600, 64, 480]
  ] as const) {
    const e = layer([rows, columns, terms])
    const plan = right(schedule(wasm, sizes)(e))
    const program = print(plan)
    t.equal(plan.launches.length, terms === 1024 ? 2 : 1, `${plan.launches.length} launches`)
    const chunk = program.schedule.kernels[0]?.regions[0]?.nest.chunk ?? null
    t.equal(chunk, terms === 1024 ? null : 200, 'a third of the rows at a time, none of them twice')
    const given = Object.fromEntries(
      Object.values(e.tensors)
        .filter(({ role }) => role !== 'value')
        .map(({ name, dims }) => {
          const numbers = Key.normal(Key.fold(Key.key(5), name), lengthOf(dims, sizes))
          return [name, Float32Array.from(numbers)] as const
        })
    )
    const made = await engine(program)
    for (const [name, values] of Object.entries(given)) made.write(name, values)
    const found = (await made.run(['Y']))['Y']!
    const wide = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, Float64Array.from(values)]))
    const exact = interpret(e, sizes, wide)['Y']!
    const worst = found.reduce((most, value, k) => Math.max(most, Math.abs(value - exact[k]!)), 0)
    t.ok(worst < 1e-4, `${rows} x ${columns} of ${terms} terms: ${worst}`)
    await made.destroy()
  }
  t.end()
})
