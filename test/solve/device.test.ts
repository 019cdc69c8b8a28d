/** Which backend solves, and why: short work looks for no graphics processor, and a named backend is what runs. */
import test from 'tape'
import { chooseFor, isWorthLooking } from '../../runtime/backends/choose'
import { solver } from '../../runtime/solve/solve'
import { left, right } from '../support/right'
import { normals, spd } from '../support/systems'

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
  const n = 9
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

test('a solver that was closed opens its backend again', async (t) => {
  const own = solver('wasm')
  const system = { n: 3, A: spd(84, 3, 4).A, b: normals(85, 3) }
  for (const turn of ['first', 'again']) {
    t.equal(right(await own.solve(system)()).status, 'certified', turn)
    await own.close()
  }
})
