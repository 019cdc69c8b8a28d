/** Which backend solves, and why: short work looks for no graphics processor, and a named backend is what runs. */
import { readFileSync } from 'node:fs'
import test from 'tape'
import { chooseFor, isWorthLooking } from '../../runtime/backends/choose'
import { choiceOf } from '../../runtime/solve/choose'
import { isLittle, passesInAll } from '../../runtime/solve/little'
import { sourceOf } from '../../runtime/solve/models'
import { solver } from '../../runtime/solve/solve'
import { Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, normals, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

const notLooked = /^no graphics processor was looked for: the work takes (?:under 1 ms|about \d+ ms)$/

test('auto looks for a graphics processor where the work is long', async (t) => {
  const [short, long] = [right(await chooseFor('auto', 1e4)()), right(await chooseFor('auto', 1e13)())]
  t.equal(short.name, 'wasm', 'short work runs on our WebAssembly')
  t.match(short.because, notLooked)
  t.notOk(notLooked.test(long.because), `long work: ${long.name}, ${long.because}`)
  t.equal(long.name === 'wgsl', long.because.startsWith('long work'), 'and a graphics processor is taken if it answers')
  t.deepEqual(
    [0, 1e6, 1e13, null].map(isWorthLooking),
    [false, false, true, true],
    'work that is not known may be long'
  )
})

test('a backend that is named is taken or refused', async (t) => {
  t.deepEqual(right(await chooseFor('wasm', 1e13)()), { name: 'wasm', because: 'asked for' })
  t.deepEqual(right(await chooseFor('cpu', 1)()), { name: 'cpu', because: 'asked for' })
  const { reason, message } = left(await chooseFor('gpu')())
  t.ok(reason === 'unavailable' && /there is no such backend; there are auto, wasm, /.test(message), message)
})

test('a solution says what computed and why', async (t) => {
  const n = 60
  const system = { n, A: spd(81, n, 4).A, b: normals(82, n) }
  const many = { n, batch: 40, A: new Float64Array(40 * n * n), b: normals(83, 40 * n) }
  for (let k = 0; k < 40; k++) many.A.set(system.A, k * n * n)
  for (const [backend, because] of [
    ['auto', notLooked],
    ['wasm', /^asked for$/],
    ['cpu', /^asked for$/]
  ] as const) {
    const own = solver(backend)
    const [one, batch] = [right(await own.solve(system)()), right(await own.solveBatch(many)())]
    await own.close()
    for (const { backend: used } of [one, ...batch.slice(0, 1)]) {
      t.equal(used?.name, backend === 'auto' ? 'wasm' : backend, backend)
      t.match(used?.because ?? '', because)
    }
  }
})

test('little work is interpreted, in float64, and the answer is the one that a backend finds', async (t) => {
  const n = 9
  const system = { n, A: spd(86, n, 50).A, b: normals(87, n) }
  const [own, compiled] = [solver(), solver('wasm')]
  const [one, again, other] = [
    right(await own.solve(system)()),
    right(await solver().solve(system)()),
    right(await compiled.solve(system)())
  ]
  t.deepEqual(
    one.backend,
    { name: 'interpreter', adapter: 'float64', because: 'so little work that compiling would take longer' },
    'and the solution says so'
  )
  t.deepEqual([one.status, one.networkSufficed, one.condition?.how], ['certified', true, 'network'])
  t.deepEqual(again.x, one.x, 'the same bits in another solver')
  t.equal(other.backend?.name, 'wasm', 'a backend that is named is taken for little work too')
  t.ok(distance(one.x, other.x) <= 1e-12 * Math.max(...other.x.map(Math.abs)), 'which finds the same x')

  const proposed = right(await own.solve(system, { proposeOnly: true })())
  t.match(proposed.explanation[0] ?? '', /in float64, unrefined/, 'its own answer is in float64')
  const proposed32 = right(await compiled.solve(system, { proposeOnly: true })())
  t.match(proposed32.explanation[0] ?? '', /in float32, unrefined/, "and a backend's in float32")
  const off = distance(proposed.x, proposed32.x) / Math.max(...one.x.map(Math.abs))
  t.ok(off > 0 && off < 1e-4, `of one network: they differ by ${off}`)

  // The decision has no memory: what was compiled before is not taken for little work, nor the interpreter for long work.
  const many = { n, batch: 40, A: new Float64Array(40 * n * n), b: normals(88, 40 * n) }
  for (let k = 0; k < 40; k++) many.A.set(system.A, k * n * n)
  t.equal(right(await own.solveBatch(many)())[0]?.backend?.name, 'wasm', 'forty of them are compiled for')
  const { timings: _, ...then } = right(await own.solve(system)())
  const { timings: __, ...before } = one
  t.deepEqual(then, before, 'then as before')
  await Promise.all([own.close(), compiled.close()])
})

test('little work in every form: tokens, a network with all-ones terms, right-hand sides of one matrix', async (t) => {
  const n = 5
  const { A } = spd(89, n, 4)
  const b = normals(90, 3 * n)
  const own = solver()
  const exact = right(await own.solve({ n, A, b: b.slice(0, n) }, { model: 'block-linear-3' })())
  for (const options of [{ literal: true }, { lazy: true }, { model: 'block-linear-2' }]) {
    const found = right(await own.solve({ n, A, b: b.slice(0, n) }, options)())
    t.deepEqual([found.status, found.backend?.name], ['certified', 'interpreter'], JSON.stringify(options))
    t.ok(distance(found.x, exact.x) < 1e-12, 'the same x')
  }
  const together = right(await own.solveBatch({ n, batch: 3, A, b })())
  for (const [k, s] of together.entries()) {
    t.deepEqual([s.status, s.backend?.name], ['certified', 'interpreter'], `right-hand side ${k + 1}`)
    const alone = right(await own.solve({ n, A, b: b.slice(k * n, (k + 1) * n) })())
    t.ok(distance(s.x, alone.x) < 1e-12, 'as alone')
  }
  await own.close()
})

test('work is little or not by its operations alone', (t) => {
  t.deepEqual([0, 1e5, 1e6, 1e7, null].map(isLittle), [true, true, true, false, false], 'work that is not known is not')
  t.end()
})

test('the sizes that the documentation calls little work', async (t) => {
  const page = readFileSync(new URL('../../docs/solving.md', import.meta.url), 'utf8').replaceAll('\n', ' ')
  const stated = /up to (\d+) unknowns for the four-layer network and up to (\d+) for the three-layer one/.exec(page)
  for (const [at, name] of ['block-linear-4-universal', 'block-linear-3'].entries()) {
    const source = right(await sourceOf(name))
    const isInterpreted = async (n: number): Promise<boolean> =>
      isLittle(passesInAll * right(await choiceOf(source, { n, batch: 1, rhs: 1 }, null)).operations)
    const most = Number(stated?.[at + 1])
    t.deepEqual([await isInterpreted(most), await isInterpreted(most + 1)], [true, false], `${name}: ${most}`)
  }
  t.end()
})

test('a network on columns is compiled, whatever its size', async (t) => {
  const model = Zoo.columnLinear({ layers: 1 })
  const given = { model, weights: randomWeights(typed(model), 3, 91, 0.1) }
  const own = solver()
  const system = { n: 3, A: spd(92, 3, 2).A, b: normals(93, 3) }
  const found = right(await own.solve(system, { model: given, proposeOnly: true })())
  t.equal(found.backend?.name, 'wasm', found.backend?.because)
  await own.close()
})

test('a solver that was closed opens its backend again', async (t) => {
  const own = solver('wasm')
  const system = { n: 3, A: spd(84, 3, 4).A, b: normals(85, 3) }
  for (const turn of ['first', 'again']) {
    t.equal(right(await own.solve(system)()).status, 'certified', turn)
    await own.close()
  }
})
