/** Taylor models and exact polynomials against rational arithmetic on whole numbers. */
import fc from 'fast-check'
import test from 'tape'

import { at, degree, type Polynomial, polynomials } from '../../runtime/guarantee/polynomial'
import { downwards, dyadic, type Ring, upwards } from '../../runtime/guarantee/ring'
import { fixed, rangeOf, type Taylor, taylor } from '../../runtime/guarantee/taylor'

const bits = 128

/** Expressions in lambda and float64 numbers. */
type Term =
  | { readonly _tag: 'variable' }
  | { readonly _tag: 'number'; readonly value: number }
  | { readonly _tag: 'add' | 'multiply'; readonly p: Term; readonly q: Term }
  | { readonly _tag: 'times'; readonly factor: number; readonly p: Term }

const value = fc.double({ min: -4, max: 4, noNaN: true }).filter((v) => v === 0 || Math.abs(v) > 1e-12)

const { term } = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Term>({ _tag: 'variable' }),
    fc.record({ _tag: fc.constant('number' as const), value }),
    fc.record({ _tag: fc.constantFrom('add' as const, 'multiply' as const), p: tie('term'), q: tie('term') }),
    fc.record({ _tag: fc.constant('times' as const), factor: value, p: tie('term') })
  )
}))

const evaluate = <R>(ring: Ring<R>, t: Term): R => {
  switch (t._tag) {
    case 'variable':
      return ring.variable
    case 'number':
      return ring.number(t.value)
    case 'add':
      return ring.add(evaluate(ring, t.p), evaluate(ring, t.q))
    case 'multiply':
      return ring.multiply(evaluate(ring, t.p), evaluate(ring, t.q))
    case 'times':
      return ring.times(t.factor, evaluate(ring, t.p))
  }
}

/** Numbers `mantissa 2^exponent`, without rounding. */
const numbers = (lambda: number): Ring<Polynomial> => ({
  ...polynomials,
  variable: polynomials.number(lambda)
})

/** The exact value at lambda, by arithmetic on numbers alone. */
const exact = (t: Term, lambda: number): { readonly mantissa: bigint; readonly exponent: number } => {
  const { c, exponent } = evaluate(numbers(lambda), t)
  return { mantissa: c[0] ?? 0n, exponent }
}

/** `left 2^a <= right 2^b`. */
const atMost = (left: bigint, a: number, right: bigint, b: number): boolean => {
  const least = Math.min(a, b)
  return left << BigInt(a - least) <= right << BigInt(b - least)
}

const within = (range: { readonly low: bigint; readonly high: bigint }, v: ReturnType<typeof exact>): boolean =>
  atMost(range.low, -bits, v.mantissa, v.exponent) && atMost(v.mantissa, v.exponent, range.high, -bits)

const modelAt = (t: Term, centre: number, radius: number, order: number): Taylor =>
  evaluate(taylor({ bits, order, centre: fixed(centre, bits).value, radius: fixed(radius, bits).value }), t)

test('a model holds the values of its function', (t) => {
  const small = fc.integer({ min: 0, max: 256 }).map((k) => k / 512)
  const centre = fc.integer({ min: -1024, max: 1024 }).map((k) => k / 512)
  const share = fc.integer({ min: -64, max: 64 }).map((k) => k / 64)
  fc.assert(
    fc.property(term, centre, small, share, fc.integer({ min: 0, max: 9 }), (f, middle, radius, s, order) => {
      const lambda = middle + radius * s // exact: few bits
      const range = rangeOf(modelAt(f, middle, radius, order))
      return within(range, exact(f, lambda))
    }),
    { numRuns: 3000 }
  )
  t.pass('the range contains the exact value')
  fc.assert(
    fc.property(term, centre, fc.integer({ min: 0, max: 9 }), (f, lambda, order) => {
      const { attained, low, high } = rangeOf(modelAt(f, lambda, 0, order))
      const v = exact(f, lambda)
      const size = v.mantissa < 0n ? -v.mantissa : v.mantissa
      return atMost(attained, -bits, size, v.exponent) && low <= high
    }),
    { numRuns: 1000 }
  )
  t.pass('what is attained is no more than the exact size')
  t.end()
})

test('a model that forgets its error is caught', (t) => {
  const square: Term = { _tag: 'multiply', p: { _tag: 'variable' }, q: { _tag: 'variable' } }
  const honest = modelAt(square, 1, 0.5, 1)
  t.ok(within(rangeOf(honest), exact(square, 1.5)), 'with its error: 1.5^2 is inside')
  t.notOk(within(rangeOf({ ...honest, e: 0n }), exact(square, 1.5)), 'without: outside')
  t.end()
})

test('exact polynomials', (t) => {
  fc.assert(
    fc.property(term, fc.double({ min: -3, max: 3, noNaN: true }), (f, lambda) => {
      const [p, v] = [at(evaluate(polynomials, f), lambda), exact(f, lambda)]
      return (
        atMost(p.mantissa, p.exponent, v.mantissa, v.exponent) && atMost(v.mantissa, v.exponent, p.mantissa, p.exponent)
      )
    }),
    { numRuns: 2000 }
  )
  t.pass('the value of the polynomial is the value of the expression')
  const x = polynomials.variable
  t.equal(degree(polynomials.add(x, polynomials.times(-1, x))), -1, 'x - x is zero')
  t.equal(degree(polynomials.multiply(x, x)), 2, 'x x has degree 2')
  t.end()
})

test('numbers are rounded to the side that was asked for', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), fc.integer({ min: 0, max: 1200 }), (v, scale) => {
      const [low, high] = [dyadic(downwards(v, scale)), dyadic(upwards(v, scale))]
      return atMost(low.mantissa, low.exponent, v, -scale) && atMost(v, -scale, high.mantissa, high.exponent)
    }),
    { numRuns: 3000 }
  )
  t.pass('down is not above, up is not below')
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (v) => {
      const { mantissa, exponent } = dyadic(v)
      return Number(mantissa) * 2 ** Math.max(exponent, -1074) === v || Math.abs(exponent) > 900
    })
  )
  t.pass('a float64 is its mantissa and exponent')
  t.end()
})
