/** Batches: the same answers as one by one, mixed kinds, and the plain-promise forms. */
import test from 'tape'

import { solveAsync, solveBatchAsync, solver } from '../../runtime/solve/solve'
import { right } from '../support/right'
import { distance, normals, spd } from '../support/systems'
import { make } from './families'

const stack = (n: number, systems: readonly { readonly A: Float64Array; readonly b: Float64Array }[]) => {
  const [A, b] = [new Float64Array(systems.length * n * n), new Float64Array(systems.length * n)]
  for (const [k, s] of systems.entries()) {
    A.set(s.A, k * n * n)
    b.set(s.b, k * n)
  }
  return { n, batch: systems.length, A, b }
}

test('a batch of 1000 systems in one call a pass', async (t) => {
  const [n, batch] = [9, 1000]
  const systems = Array.from({ length: batch }, (_, k) => ({ A: spd(k + 1, n, 5).A, b: normals(k + 5000, n) }))
  const own = solver('webasm')
  const solutions = right(await own.solveBatch(stack(n, systems))())
  t.equal(solutions.filter((s) => s.status === 'certified').length, batch, 'all certified')
  t.equal(solutions.filter((s) => s.networkSufficed).length, batch, 'by the network')
  t.ok(
    solutions.every((s) => s.backend?.name === 'webasm'),
    'on the backend that was asked for'
  )
  await own.close()
})

test('batches mix kinds, and answer each system as if it came alone', async (t) => {
  const n = 8
  const kinds = ['spd', 'nonsymmetric', 'semidefinite', 'indefinite', 'badlyScaled', 'spd', 'spd']
  const systems = kinds.map((kind, k) => make(kind, 3 * k + 3, n, 10 ** k))
  const own = solver('cpu')
  const together = right(await own.solveBatch(stack(n, systems))())
  for (const [k, { A, b, kind }] of systems.entries()) {
    const alone = right(await own.solve({ n, A, b })())
    const both = [together[k]!, alone]
    t.equal(both[0]!.status, both[1]!.status, `${kind}: ${both[0]!.status}`)
    if (alone.status !== 'certified') continue
    const scale = Math.max(...alone.x.map(Math.abs))
    const allowed = 1e-13 * (alone.condition?.estimate ?? 0)
    t.ok(distance(both[0]!.x, both[1]!.x) <= Math.max(allowed, 1e-12) * scale, 'the same solution')
    t.equal(both[0]!.name, `system ${k + 1}`, 'named by its number')
  }
  await own.close()
})

test('plain promises take nested arrays and reject with a sentence', async (t) => {
  const A = [
    [4, 1],
    [1, 3]
  ]
  const s = await solveAsync({ A, b: [1, 2] }, { backend: 'cpu' })
  t.ok(s.status === 'certified' && distance(s.x, Float64Array.of(1 / 11, 7 / 11)) < 1e-14, 'rows')
  const flat = await solveAsync({ A: [4, 1, 1, 3], b: Float32Array.of(1, 2) }, { backend: 'cpu' })
  t.deepEqual(flat.x, s.x, 'flat arrays')
  const both = await solveBatchAsync(
    {
      A: [A, A],
      b: [
        [1, 2],
        [5, 4]
      ]
    },
    { backend: 'cpu' }
  )
  t.ok(distance(both[1]!.x, Float64Array.of(1, 1)) < 1e-14, 'a batch')
  const why = async (system: Parameters<typeof solveAsync>[0]): Promise<string> =>
    solveAsync(system).then(
      () => 'accepted',
      (error: Error) => error.message
    )
  t.ok(/row 2 has 1 entries/.test(await why({ A: [[1, 2], [3]], b: [1, 2] })), 'ragged rows')
  t.ok(
    /A\[1, 2\] is NaN/.test(
      await why({
        A: [
          [1, Number.NaN],
          [3, 4]
        ],
        b: [1, 2]
      })
    ),
    'NaN'
  )
  t.ok(/not square/.test(await why({ A, b: [1, 2, 3] })), 'sizes differ')
})
