/**
 * Families as JSON, both ways.
 */
import type * as E from 'fp-ts/Either'

import * as D from './decoder'
import type { Collocation, Family, General, Newton, Noisy, Range, Reaction, Source, Spd } from './family'

/** The most of anything that is counted. */
export const mostSize = 1_000_000

// --- encoding --------------------------------------------------------------------------------------------------------

const encodeRange = ({ low, high }: Range): D.Json => ({ low, high })

/** A family as a plain value that JSON can hold. */
export const encodeFamily = (family: Family): D.Json => {
  switch (family._tag) {
    case 'spd':
      return {
        _tag: family._tag,
        kappa: encodeRange(family.kappa),
        spectrum: family.spectrum,
        sizes: encodeRange(family.sizes)
      }
    case 'general':
      return {
        _tag: family._tag,
        structure: family.structure,
        kappa: encodeRange(family.kappa),
        spectrum: family.spectrum,
        sizes: encodeRange(family.sizes)
      }
    case 'collocation': {
      const { _tag, alpha, omega, advection, reaction, source, sizes } = family
      return {
        _tag,
        alpha: encodeRange(alpha),
        omega: encodeRange(omega),
        advection: advection === null ? null : encodeRange(advection),
        reaction:
          reaction === null
            ? null
            : { rho: encodeRange(reaction.rho), gamma: encodeRange(reaction.gamma), nu: encodeRange(reaction.nu) },
        source: { terms: source.terms, decay: source.decay },
        sizes: encodeRange(sizes)
      }
    }
    case 'newton': {
      const { columns, sizes, p, ...numbers } = family
      return { ...numbers, p: [...p], columns: encodeRange(columns), sizes: encodeRange(sizes) }
    }
    case 'noisy':
      return { _tag: family._tag, of: encodeFamily(family.of), A: family.A, b: family.b }
  }
}

// --- decoding --------------------------------------------------------------------------------------------------------

export const ordered = (decoder: D.Decoder<number>): D.Decoder<Range> =>
  D.that(D.struct<Range>({ low: decoder, high: decoder }), (r) => r.low <= r.high, 'low of at most high')

export const positive = D.that(D.number, (value) => value > 0, 'a number above 0')
export const notNegative = D.that(D.number, (value) => value >= 0, 'a number of at least 0')
export const kappa = D.that(D.number, (value) => value >= 1, 'a condition number of at least 1')

const spectrum = D.oneOf('uniform', 'logUniform')
const sizes = ordered(D.whole(1, mostSize))
/** With alpha below 1, K is positive everywhere. */
const alpha = D.that(D.number, (value) => Math.abs(value) < 1, 'a number between -1 and 1')
const share = D.that(D.number, (value) => value >= 0 && value <= 1, 'a number from 0 to 1')
const exponent = D.that(D.number, (value) => value >= 2 && value <= 12, 'an exponent from 2 to 12')
/** Far more than problems have, far less than what overflows on the way to an answer. */
const moderate = D.that(D.number, (value) => Math.abs(value) <= 1e6, 'a number from -1e6 to 1e6')
const factor = D.that(D.number, (value) => value >= 1e-6 && value <= 1e6, 'a number from 1e-6 to 1e6')
const level = D.that(D.number, (value) => value >= 0 && value <= 1e6, 'a number from 0 to 1e6')
const mostTerms = 1000

export const decodeFamilyAt: D.Decoder<Family> = D.union<Family>({
  spd: D.struct<Spd>({ _tag: D.tag('spd'), kappa: ordered(kappa), spectrum, sizes }),
  general: D.struct<General>({
    _tag: D.tag('general'),
    structure: D.oneOf('nonsymmetric', 'indefinite'),
    kappa: ordered(kappa),
    spectrum,
    sizes
  }),
  collocation: D.struct<Collocation>({
    _tag: D.tag('collocation'),
    alpha: ordered(alpha),
    omega: ordered(moderate),
    advection: D.nullable(ordered(moderate)),
    reaction: D.nullable(D.struct<Reaction>({ rho: ordered(level), gamma: ordered(share), nu: ordered(moderate) })),
    source: D.struct<Source>({ terms: D.whole(1, mostTerms), decay: share }),
    sizes
  }),
  newton: D.struct<Newton>({
    _tag: D.tag('newton'),
    p: D.that(D.array(exponent, 100), (p) => p.length > 0, 'at least one exponent'),
    ratio: D.whole(1, 1000),
    columns: ordered(factor),
    noise: level,
    answer: level,
    start: level,
    iterations: D.whole(1, 1000),
    sizes
  }),
  noisy: D.struct<Noisy>({ _tag: D.tag('noisy'), of: D.lazy(() => decodeFamilyAt), A: level, b: level })
})

/** The family that a JSON value describes, or the first place where it describes none. */
export const decodeFamily = (value: unknown): E.Either<D.DecodeError, Family> => decodeFamilyAt(value, '', 0)
