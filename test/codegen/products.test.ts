/** Products of matrices as the processor wants them: epilogues apart where arrays lie far away, tiles that suit the cache. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { schedule } from '../../codegen/schedule'
import { epiloguesApart } from '../../codegen/schedules/epilogue'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { agrees } from '../support/agrees'
import { right } from '../support/right'

const sizes = { n: 1, batch: 1 }

/** `Y[i,c] = f(sum_d L[i,d] R[c,d])` with `f(P) = P M[i,c] (1 - N[i,c]) + b[c]`, or less of it. */
const layer = (
  [rows, columns, terms]: readonly [rows: number, columns: number, terms: number],
  beside: 'nothing' | 'one' | 'the same twice' | 'two'
): Equations => {
  const [i, c, d] = [X.index('i', rows), X.index('c', columns), X.index('d', terms)]
  const sum = X.sum([d], X.tensor('L')(i, d), X.tensor('R')(c, d))
  const [M, N] = [X.tensor('M')(i, c), X.tensor(beside === 'two' ? 'N' : 'M')(i, c)]
  const scaled = beside === 'nothing' ? sum : X.multiply(sum, M, beside === 'one' ? 1 : X.add(1, X.multiply(-1, N)))
  return byHand({
    name: 'layer',
    inputs: [
      { name: 'L', role: 'data', dims: [rows, terms] },
      { name: 'R', role: 'parameter', dims: [columns, terms] },
      { name: 'M', role: 'data', dims: [rows, columns] },
      { name: 'N', role: 'data', dims: [rows, columns] },
      { name: 'b', role: 'parameter', dims: [columns] }
    ],
    equations: [{ defines: 'Y', over: [i, c], value: X.add(scaled, X.tensor('b')(c)) }],
    outputs: ['Y']
  })
}

test('what is done with a product stands apart where it reads from far away', (t) => {
  const cases = [
    { of: [256, 1024, 3], beside: 'two', made: 2, label: 'two large arrays' },
    { of: [256, 1024, 3], beside: 'one', made: 1, label: 'one' },
    { of: [256, 1024, 3], beside: 'the same twice', made: 1, label: 'one that is read twice' },
    { of: [256, 1024, 3], beside: 'nothing', made: 1, label: 'a bias alone' },
    { of: [512, 512, 3], beside: 'two', made: 1, label: 'rows shorter than a page' },
    { of: [128, 1024, 3], beside: 'two', made: 1, label: 'arrays that stay in a cache' }
  ] as const
  for (const { of, beside, made, label } of cases) {
    const e = layer(of, beside)
    const divided = epiloguesApart(sizes)(e)
    t.equal(divided.equations.length, made, `${label}: ${made}`)
    if (made > 1) agrees(t, label, e, divided, sizes)
  }
  t.end()
})

const tileOf = (rows: number, columns: number, terms: number): string => {
  const { nest } =
    print(right(schedule(wasm, sizes)(layer([rows, columns, terms], 'nothing')))).schedule.kernels[0]?.regions[0] ?? {}
  return `${nest?.height} x ${nest?.columns}`
}

test('a tile reads no more in one sum than the first-level cache holds', (t) => {
  t.equal(tileOf(512, 1024, 256), '2 x 4', '256 terms: 4 vectors of columns, 16 KiB of them')
  t.equal(tileOf(512, 1024, 512), '3 x 3', '512 terms: 3 vectors, as 4 of them are 32 KiB')
  t.equal(tileOf(512, 16, 512), '4 x 2', 'or 2, where 3 do not divide the columns')
  t.end()
})
