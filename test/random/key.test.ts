/**
 * The generator: published vectors, independence of its parts, the laws of its draws, the same bytes every time.
 */
import { createHash } from 'node:crypto'

import fc from 'fast-check'
import test from 'tape'

import * as Key from '../../runtime/random/key'
import { logarithm, quantile } from '../../runtime/random/quantile'
import { threefry } from '../../runtime/random/threefry'

const words = (k: Key.Key): readonly number[] => [k.high, k.low]
const sha256 = (x: Float64Array): string => createHash('sha256').update(new Uint8Array(x.buffer)).digest('hex')
const mean = (x: Float64Array, f: (v: number) => number): number => x.reduce((sum, v) => sum + f(v), 0) / x.length

test('threefry: the known answers of Random123 for Threefry-2x32 with 20 rounds', (t) => {
  const out = new Uint32Array(2)
  const of = (k0: number, k1: number, x0: number, x1: number): readonly number[] => {
    threefry(k0, k1, x0, x1, out)
    return [...out]
  }
  t.deepEqual(of(0, 0, 0, 0), [0x6b200159, 0x99ba4efe], 'zeros')
  t.deepEqual(of(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), [0x1cb996fc, 0xbb002be7], 'ones')
  t.deepEqual(of(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0], 'digits of pi')
  t.end()
})

test('split: the keys that JAX makes', (t) => {
  t.deepEqual(
    Key.split(Key.key(0), 2).map(words),
    [
      [1797259609, 2579123966],
      [928981903, 3453687069]
    ],
    'of seed 0'
  )
  t.deepEqual(
    Key.split(Key.key(42), 2).map(words),
    [
      [1832780943, 270669613],
      [64467757, 2916123636]
    ],
    'of seed 42'
  )
  t.deepEqual(Key.split(Key.key(7), 3), Key.split(Key.key(7), 9).slice(0, 3), 'the first do not depend on how many')
  t.end()
})

test('keys: different ways lead to different keys', (t) => {
  const k = Key.key(3)
  const labels = ['', '0', '1', 'a', 'aa', 'ab', 'b', 0, 1, 2, -1, 2 ** 32, 2 ** 52, -(2 ** 40)]
  const made = [...labels.map((label) => Key.fold(k, label)), ...Key.split(k, 50), k, Key.key(-3), Key.key(2 ** 32 + 3)]
  t.equal(new Set(made.map((each) => words(each).join())).size, made.length, 'no two alike')
  const drawn = new Set(Key.uniform(k, 50))
  t.notOk(
    Key.split(k, 50).some((each) => drawn.has((each.high * 2 ** 21 + (each.low >>> 11)) * 2 ** -53)),
    'draws do not repeat the words of split keys'
  )
  t.throws(() => Key.key(0.5), /internal: key/, 'a seed that is no whole number is refused')
  t.throws(() => Key.fold(k, Number.NaN), /internal: fold/, 'so is such a label')
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b, m, n) => {
      const same = (p: string | number, q: string | number): boolean =>
        words(Key.fold(k, p)).join() === words(Key.fold(k, q)).join()
      return same(a, b) === (a === b) && same(m, n) === (m === n) && !same(a, m)
    })
  )
  t.end()
})

test('draws: number i depends on the key and i alone, and the bytes never change', (t) => {
  const k = Key.key(11)
  for (const [name, draw] of Object.entries({ uniform: Key.uniform, normal: Key.normal, signs: Key.signs })) {
    t.deepEqual(draw(k, 5), draw(k, 1000).slice(0, 5), `${name}: prefix`)
  }
  t.equal(
    sha256(Key.uniform(k, 10000)),
    'd9c7c9836049596699f40773dc729913035067355772540f569bbb978527ce20',
    'uniform: fixed bytes'
  )
  t.equal(
    sha256(Key.normal(k, 10000)),
    'a070ad82c070273220dd89ba2100ebff5bff54284813ef0379571960419e30c1',
    'normal: fixed bytes'
  )
  t.end()
})

test('uniform: range, mean, variance, equidistribution', (t) => {
  const count = 1 << 18
  const u = Key.uniform(Key.key(1), count)
  t.ok(
    u.every((v) => v >= 0 && v < 1),
    'in [0, 1)'
  )
  t.ok(Math.abs(mean(u, (v) => v) - 0.5) < 4 * Math.sqrt(1 / 12 / count), 'mean within 4 sigma')
  const bins = new Float64Array(256)
  for (const v of u) bins[Math.floor(v * 256)]!++
  const chi2 = bins.reduce((sum, v) => sum + (v - count / 256) ** 2 / (count / 256), 0)
  t.ok(Math.abs(chi2 - 255) < 4 * Math.sqrt(2 * 255), `chi-squared ${chi2.toFixed(1)} of 255 within 4 sigma`)
  const low = u.reduce((sum, v) => sum + ((v * 2 ** 53) % 2), 0)
  t.ok(Math.abs(low - count / 2) < 2 * Math.sqrt(count), 'the lowest bit is fair')
  const along = u.subarray(1).reduce((sum, v, i) => sum + (v - 0.5) * (u[i]! - 0.5), 0) / count
  t.ok(Math.abs(along) < 4 / 12 / Math.sqrt(count), 'neighbours are uncorrelated')
  t.end()
})

test('normal: moments, tails, distribution function', (t) => {
  const count = 1 << 18
  const z = Key.normal(Key.key(2), count)
  const s = 4 / Math.sqrt(count)
  t.ok(Math.abs(mean(z, (v) => v)) < s, 'mean within 4 sigma')
  t.ok(Math.abs(mean(z, (v) => v * v) - 1) < s * Math.sqrt(2), 'variance')
  t.ok(Math.abs(mean(z, (v) => v ** 3)) < s * Math.sqrt(15), 'third moment')
  t.ok(Math.abs(mean(z, (v) => v ** 4) - 3) < s * Math.sqrt(96), 'fourth moment')
  const share = mean(z, (v) => (Math.abs(v) > 1.959963984540054 ? 1 : 0))
  t.ok(Math.abs(share - 0.05) < s * Math.sqrt(0.05 * 0.95), 'one in twenty beyond 1.96')
  t.end()
})

test('quantile: against values computed with 50 digits, and symmetric', (t) => {
  const known: readonly (readonly [number, number])[] = [
    [1e-300, -37.0470962993612],
    [2 ** -53, -8.209536151601387],
    [1e-12, -7.034483825301132],
    [1e-11, -6.706023155495136],
    [1.5e-11, -6.646570887477113],
    [0.001, -3.0902323061678136],
    [0.0749, -1.4402382675279637],
    [0.0751, -1.43882539275254],
    [0.3, -0.5244005127080408],
    [0.4999, -0.00025066283008800747]
  ]
  for (const [p, z] of known) t.ok(Math.abs(quantile(p) - z) <= 6e-16 * Math.abs(z), `at ${p}`)
  t.equal(quantile(0.5), 0, 'at the middle')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (m) => quantile(m * 2 ** -31) === -quantile(1 - m * 2 ** -31))
  )
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      return Math.abs(logarithm(x) - Math.log(x)) <= 1e-15 * Math.max(1, Math.abs(Math.log(x)))
    })
  )
  t.pass('symmetry and logarithms')
  t.end()
})

test('integers, signs and permutations', (t) => {
  const drawn = Key.integers(Key.key(5), 10000, -2, 5)
  const counts = new Map<number, number>()
  for (const v of drawn) counts.set(v, (counts.get(v) ?? 0) + 1)
  t.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2, 3, 4],
    'every value in low ... high - 1, no other'
  )
  t.ok(
    [...counts.values()].every((v) => Math.abs(v - 10000 / 7) < 5 * Math.sqrt(10000 / 7)),
    'each equally often'
  )
  t.deepEqual([...Key.integers(Key.key(5), 3, 2 ** 31 - 1, 2 ** 31)], [2147483647, 2147483647, 2147483647], 'one value')
  t.throws(() => Key.integers(Key.key(5), 1, 3, 3), /internal: integers/, 'an empty range is refused')
  t.ok(Math.abs(Key.signs(Key.key(6), 10000).reduce((a, b) => a + b, 0)) < 400, 'signs are balanced')
  fc.assert(
    fc.property(fc.integer(), fc.nat({ max: 60 }), (seed, n) =>
      [...Key.permutation(Key.key(seed), n)].sort((a, b) => a - b).every((v, i) => v === i)
    )
  )
  const orders = new Map<string, number>()
  for (const k of Key.split(Key.key(8), 6000)) {
    const order = Key.permutation(k, 3).join('')
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  t.ok(
    orders.size === 6 && [...orders.values()].every((v) => Math.abs(v - 1000) < 150),
    'all orders of 3, equally often'
  )
  t.end()
})
