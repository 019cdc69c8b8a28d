/**
 * How float32 targets approximate `exp`, `erf` and `tanh`, and how well. The coefficients are fits of our own (weighted least
 * squares with Lawson's weights in 40 digits); the errors are those of float32 arithmetic with divisions of 2.5 units in the
 * last place, as graphics processors have them.
 */
import type { Special } from '../expr'
import type { Functions, Statements, Words } from './dialect'

/** `x P(x^2) / Q(x^2)` with x held to [-limit, limit], coefficients of the lowest power first. */
export interface Rational {
  readonly limit: number
  readonly over: readonly number[]
  readonly under: readonly number[]
}

/** 2.5e-8 from erf, which is 1 - 1.6e-8 at the limit. */
export const erf: Rational = {
  limit: 4,
  over: [1.128379139, 0.1935371484, 0.05310014076, 0.00388283969, 0.0002845278227, 1.986508139e-6],
  under: [1, 0.5048503926, 0.1153462209, 0.01520627711, 0.001185397754, 3.741529963e-5]
}

/** 2.1e-8 from tanh, which is 1 - 3.1e-8 at the limit. */
export const tanh: Rational = {
  limit: 9,
  over: [0.9999999792, 0.1338102897, 0.003495590799, 2.0609075e-5, 1.335455666e-8],
  under: [1, 0.4671434458, 0.02587699571, 0.0003285636962, 7.776535339e-7]
}

/**
 * `exp(-m ln 2 + r) = 2^-m (1 + r + r^2 P(r))` for |r| of half ln 2 at most, with x held to [-limit, limit] and exp(x) the
 * reciprocal of exp(-x) where x is positive; 3.3e-9 from exp. `ln2` is a sum whose first part has few digits, so that its
 * multiples are exact.
 */
export const exp = {
  limit: 87,
  inverseLn2: Math.LOG2E,
  ln2: [0.693359375, -2.1219444005469057e-4],
  tail: [0.499999930502, 0.166665147863, 0.0416684568855, 0.00836941930304, 0.00138131400633]
} as const

/** Relative errors: of exp within its limits (below -limit it stays at 1.7e-38), of the others everywhere. */
export const float32Errors: Readonly<Record<Special, number>> = {
  exp: 8 * 2 ** -24,
  erf: 12 * 2 ** -24,
  tanh: 12 * 2 ** -24
}

// --- printing --------------------------------------------------------------------------------------------------------

/** `c0 + t (c1 + t (c2 + ...))`. */
const horner = (words: Words, coefficients: readonly number[], t: string): string => {
  const [first, ...rest] = coefficients
  const own = words.number(first as number)
  if (rest.length === 0) return own
  const inner = horner(words, rest, t)
  return `${own} + ${t} * ${rest.length === 1 ? inner : `(${inner})`}`
}

const rational =
  (words: Words, { limit, over, under }: Rational) =>
  (of: string, make: Statements): string => {
    const held = `${words.max}(${words.number(-limit)}, ${words.min}(${words.number(limit)}, ${of}))`
    const x = make.variable('x', held)
    const t = make.variable('xx', `${x} * ${x}`)
    return make.variable('ratio', `${x} * (${horner(words, over, t)}) / (${horner(words, under, t)})`)
  }

/** Powers of two by which `2^-m`, m up to 127, is reached in exact steps. */
const halvings = [64, 32, 16, 8, 4, 2, 1] as const

const exponential =
  (words: Words) =>
  (of: string, make: Statements): string => {
    const { number, max, min, abs, floor } = words
    const [high, low] = exp.ln2
    const x = make.variable('x', `${max}(${number(-exp.limit)}, ${min}(${number(exp.limit)}, ${of}))`)
    const size = make.variable('size', `${abs}(${x})`)
    const m = make.variable('m', `${floor}(${size} * ${number(exp.inverseLn2)} + ${number(0.5)})`)
    const r = make.variable('r', `(${m} * ${number(high)} - ${size}) - ${m} * ${number(-low)}`)
    const tail = horner(words, exp.tail, r)
    const value = make.variable('power', `${number(1)} + (${r} + ${r} * ${r} * (${tail}))`)
    for (const by of halvings) {
      const halved = `${value} = ${value} * ${number(2 ** -by)}; ${m} = ${m} - ${number(by)};`
      make.statement(`if (${m} >= ${number(by)}) { ${halved} }`)
    }
    make.statement(`if (${x} > ${number(0)}) { ${value} = ${number(1)} / ${value}; }`)
    return value
  }

/** Statements in place of calls, for languages whose own functions are slow, inexact or missing. */
export const float32Functions = (words: Words): Functions => ({
  exp: exponential(words),
  erf: rational(words, erf),
  tanh: rational(words, tanh)
})
