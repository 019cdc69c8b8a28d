/**
 * Ranges by subdivision: the largest `|1 - lambda p(lambda)|` on an interval or at given points, enclosed as tightly as is
 * asked, and the ranges of everything that a network computes on the way.
 */
import type { Network } from './network'
import type { Ring } from './ring'
import { downwards, upwards } from './ring'
import { fixed, interval, type Place, rangeOf, type Taylor, taylor } from './taylor'
import { mapWalk, type Walk, walk } from './walk'

// --- model -----------------------------------------------------------------------------------------------------------

/** Eigenvalues: all of `[low, high]`, or the numbers `at`. */
export type Region =
  | { readonly _tag: 'interval'; readonly low: number; readonly high: number }
  | { readonly _tag: 'points'; readonly at: readonly number[] }

/** The range of a function f of the eigenvalue, rounded outwards. */
export interface Hull {
  readonly low: number
  readonly high: number
  /** A bound on `|lambda f(lambda)|`: on the size of `f(A) b` for `||x|| = 1`. */
  readonly scaled: number
}

export interface Supremum {
  /** The largest `|1 - lambda p(lambda)|` is at most `bound` and at least `attained`. */
  readonly bound: number
  readonly attained: number
  readonly hulls: Walk<Hull>
}

interface Piece {
  readonly centre: bigint
  readonly radius: bigint
}

interface Judged extends Piece {
  readonly upper: bigint
  readonly attained: bigint
}

/** How values are held: bits after the binary point, and terms kept in a Taylor model. */
interface Precision {
  readonly bits: number
  readonly order: number
}

const leastOrder = 8
/**
 * One more term for so many bits by which `1 - lambda p` is below one: it is a difference of numbers near one, so that what
 * a model leaves out must be small beside the difference.
 */
const bitsPerTerm = 5
/** The most pieces before a network is given up. */
const mostPieces = 100_000
const mostBits = 6144
/** The overestimation at which ranges of everything else are taken. */
const coarse = 1 / 16

// --- one piece -------------------------------------------------------------------------------------------------------

const largest = (low: bigint, high: bigint): bigint => (high > -low ? high : -low)

/** `1 - lambda p`. */
export const residual = <R>(ring: Ring<R>, p: R): R =>
  ring.add(ring.number(1), ring.times(-1, ring.multiply(ring.variable, p)))

const placeOf = ({ centre, radius }: Piece, { bits, order }: Precision): Place => ({
  bits,
  order: radius === 0n ? 0 : order,
  centre,
  radius
})

const judge = (network: Network, piece: Piece, precision: Precision): Judged => {
  const ring = taylor(placeOf(piece, precision))
  const { low, high, attained } = rangeOf(residual(ring, walk(ring, network).answer))
  return { ...piece, upper: largest(low, high), attained }
}

const halves = ({ centre, radius }: Piece): readonly Piece[] => {
  const half = -(-radius >> 1n) // rounded up: the halves cover the whole
  return [
    { centre: centre - radius + half, radius: half },
    { centre: centre + radius - half, radius: half }
  ]
}

// --- subdividing -----------------------------------------------------------------------------------------------------

const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (b > a ? b : a), 0n)

/** `a > (1 + tolerance) b`. */
const exceeds = (a: bigint, b: bigint, tolerance: number): boolean => {
  const unit = 60
  return a << BigInt(unit) > b * ((1n << BigInt(unit)) + fixed(tolerance, unit).value)
}

/**
 * Pieces, each with an upper bound within `tolerance` of what is attained somewhere, or below it: those that exceed it are
 * halved. `undefined` where that takes too many.
 */
const refine = (
  network: Network,
  pieces: readonly Judged[],
  precision: Precision,
  tolerance: number
): readonly Judged[] | undefined => {
  let settled: readonly Judged[] = []
  let open = pieces
  let count = pieces.length
  for (;;) {
    const best = most([...settled, ...open].map((p) => p.attained))
    const high = open.filter((p) => p.radius > 0n && exceeds(p.upper, best, tolerance))
    settled = [...settled, ...open.filter((p) => !high.includes(p))]
    if (high.length === 0) return settled
    count += 2 * high.length
    if (count > mostPieces) return undefined
    open = high.flatMap(halves).map((p) => judge(network, p, precision))
  }
}

// --- precision -------------------------------------------------------------------------------------------------------

const numbersOf = (region: Region): readonly number[] => {
  if (region._tag === 'points') return region.at
  const { low, high } = region
  const inside = Array.from(
    { length: 61 },
    (_, k) => (low + high + (high - low) * Math.cos((Math.PI * (k + 0.4)) / 61)) / 2
  )
  return [low, high, ...inside]
}

/** Bits with which rounding is far below the tolerance, found at some points, and the order for what is found there. */
const precisionFor = (network: Network, region: Region, tolerance: number): Precision => {
  const layers = network.operations.flatMap((o) => (o._tag === 'chebyshev' ? [o.low, o.high] : []))
  const numbers = numbersOf(region)
  for (let bits = 192; bits < mostBits; bits *= 2) {
    const exact = [...numbers, ...layers].every((value) => fixed(value, bits).exact)
    if (!exact) continue
    const values = numbers.map((value) => {
      const ring = taylor({ bits, order: 0, centre: fixed(value, bits).value, radius: 0n })
      return residual(ring, walk(ring, network).answer)
    })
    const error = most(values.map((v) => v.e))
    const size = most(values.map((v) => (v.c[0]! < 0n ? -v.c[0]! : v.c[0]!)))
    if (exceeds(size, error * BigInt(Math.ceil(64 / tolerance)), 0)) {
      const below = bits - size.toString(2).length
      return { bits, order: Math.max(leastOrder, Math.ceil(below / bitsPerTerm)) }
    }
  }
  return { bits: mostBits, order: leastOrder }
}

// --- hulls -----------------------------------------------------------------------------------------------------------

const hullOf = (ring: Ring<Taylor>, bits: number, f: Taylor): Hull => {
  const { low, high } = interval(rangeOf(f), bits)
  const lambda = interval(rangeOf(ring.multiply(ring.variable, f)), bits)
  return { low, high, scaled: Math.max(Math.abs(lambda.low), Math.abs(lambda.high)) }
}

const union = (p: Hull, q: Hull): Hull => ({
  low: Math.min(p.low, q.low),
  high: Math.max(p.high, q.high),
  scaled: Math.max(p.scaled, q.scaled)
})

/** The ranges of all values of a walk over all pieces. */
const hullsOf = (network: Network, pieces: readonly Piece[], precision: Precision): Walk<Hull> => {
  const over = pieces.map((piece) => {
    const ring = taylor(placeOf(piece, precision))
    return mapWalk((f: Taylor) => hullOf(ring, precision.bits, f))(walk(ring, network))
  })
  const [first, ...rest] = over
  if (first === undefined) throw new Error('internal: no pieces')
  const flat: Hull[] = []
  mapWalk((h: Hull) => flat.push(h))(first)
  for (const each of rest) {
    let k = 0
    mapWalk((h: Hull) => {
      flat[k] = union(flat[k]!, h)
      k++
    })(each)
  }
  let k = 0
  return mapWalk(() => flat[k++]!)(first)
}

// --- the supremum ----------------------------------------------------------------------------------------------------

const piecesOf = (region: Region, bits: number): readonly Piece[] => {
  if (region._tag === 'points') return region.at.map((value) => ({ centre: fixed(value, bits).value, radius: 0n }))
  const [low, high] = [fixed(region.low, bits).value, fixed(region.high, bits).value]
  const radius = -((low - high) >> 1n)
  return [{ centre: low + radius, radius }]
}

/**
 * Bounds on the largest `|1 - lambda p(lambda)|` in a region, the upper one at most `1 + tolerance` times what is attained
 * on an interval; `undefined` where it does not settle.
 */
export const supremum = (network: Network, region: Region, tolerance: number): Supremum | undefined => {
  const precision = precisionFor(network, region, tolerance)
  const { bits } = precision
  const start = piecesOf(region, bits).map((piece) => judge(network, piece, precision))
  const rough = refine(network, start, precision, coarse)
  const fine = rough === undefined ? undefined : refine(network, rough, precision, tolerance)
  if (rough === undefined || fine === undefined) return undefined
  return {
    bound: upwards(most(fine.map((p) => p.upper)), bits),
    attained: downwards(most(fine.map((p) => p.attained)), bits),
    hulls: hullsOf(network, rough, precision)
  }
}

// --- values ----------------------------------------------------------------------------------------------------------

/**
 * `1 - lambda p(lambda)` at any eigenvalues of a region, to about the last digit of a float64 relative to its largest value
 * there, however small that is.
 */
export const residuals = (network: Network, region: Region): ((lambdas: readonly number[]) => Float64Array) => {
  const { bits } = precisionFor(network, region, 2 ** -20)
  return (lambdas) =>
    Float64Array.from(lambdas, (value) => {
      const ring = taylor({ bits, order: 0, centre: fixed(value, bits).value, radius: 0n })
      return downwards(residual(ring, walk(ring, network).answer).c[0]!, bits)
    })
}
