/** `ansatz print --phase specialised`: what a frozen network amounts to, and what that costs. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Cost, Work } from '../../weights/cost'
import { costsOf } from '../../weights/counted'
import { krylovLines } from '../../weights/krylov-lines'
import { type Specialised, specialise } from '../../weights/specialise'
import { type Failure, fail, failure } from '../exit'
import { findModel } from '../model'
import { scientific, table } from '../print'

// --- model -----------------------------------------------------------------------------------------------------------

interface Options {
  readonly interval?: readonly number[]
  readonly n: number
  readonly batch: number
  readonly rhs: number
}

/** A network, its cheap form, and what every way to run it costs. */
export interface Shown {
  readonly name: string
  readonly special: Specialised
  readonly low: number
  readonly high: number
  readonly work: Work
  readonly costs: readonly Cost[]
}

type Result<A> = E.Either<Failure, A>

// --- constructors ----------------------------------------------------------------------------------------------------

/** Specialised on the interval asked for, or on the one that solving takes: from 0 to the top of its window. */
export const specialised = async (name: string, o: Options): Promise<Result<Shown>> => {
  const found = await findModel(name, { weights: true })
  if (E.isLeft(found)) return found
  const { frozen } = found.right
  const typed = found.right.typed(o.n)
  if (E.isLeft(typed)) return typed
  if (frozen === null) {
    return fail('model', `${name} has no weights: only a trained network can be specialised; try a shipped checkpoint`)
  }
  const { weights, kappa } = frozen
  const { model, n } = typed.right
  const [low = 0, high = (2 * kappa) / (1 + kappa), ...more] = o.interval ?? []
  if (o.interval !== undefined && (o.interval.length !== 2 || more.length > 0)) {
    return fail('usage', `--interval: expected two numbers, such as 0.3,1.7, found ${o.interval.length}`)
  }
  return pipe(
    specialise({ model, weights, low, high }),
    E.bimap(
      (reason) => failure('model', `${name}: ${reason}`),
      (special) => {
        const work: Work = { n: n ?? o.n, batch: o.batch, rhs: o.rhs }
        return { name, special, low, high, work, costs: costsOf(typed.right, special, work) }
      }
    )
  )
}

// --- text ------------------------------------------------------------------------------------------------------------

const short = (value: number): string => String(Number(value.toPrecision(6)))

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** `M = (2 A - (low + high) I) / (high - low)` with its numbers. */
const affine = ({ low, high }: Shown): string => {
  const middle = low + high
  const shift = middle === 0 ? '' : middle > 0 ? ` - ${short(middle)} I` : ` + ${short(-middle)} I`
  return `M = (2 A${shift}) / ${short(high - low)}`
}

/** Clenshaw's recurrence, with the lines that begin and end it. */
const clenshaw = (degree: number): readonly string[] => {
  const top = degree >= 1 ? [`u${degree} = c${degree} b`] : []
  const second = degree >= 2 ? [`u${degree - 1} = c${degree - 1} b + 2 M u${degree}`] : []
  const general = degree >= 3 ? [`u(q) = c(q) b + 2 M u(q+1) - u(q+2)   for q = ${degree - 2} ... 1`] : []
  const last = `x = c0 b${degree >= 1 ? ' + M u1' : ''}${degree >= 2 ? ' - u2' : ''}`
  return [...top, ...second, ...general, last]
}

const coefficients = ({ weights }: Specialised): readonly number[] => [...(weights['chebyshev.coefficients'] ?? [])]

const costTable = ({ costs, work }: Shown): string => {
  const least = costs[0]?.flops ?? 1
  const rows = costs.map(({ way, stride, products, matrixProducts, flops }) => [
    `  ${way}${way === 'strided' ? ` by ${stride}` : ''}`,
    String(products),
    String(matrixProducts),
    scientific(flops),
    `${Number((flops / least).toPrecision(3))}x`
  ])
  const of = `${counted(work.batch, 'matrix').replace('matrixs', 'matrices')} of n = ${work.n}`
  const each = work.rhs === 1 ? '' : `, ${work.rhs} right-hand sides each`
  return [
    `${of}${each}:`,
    table([['  way', 'with a vector', 'of matrices', 'operations', ''], ...rows], [1, 2, 3, 4])
  ].join('\n')
}

export const showSpecialised = (shown: Shown): string => {
  const { name, special, low, high } = shown
  const { form, products, deviation } = special
  const what =
    form === 'polynomial'
      ? `a polynomial of degree ${products} in A, applied to b`
      : `in the block Krylov space of b and the ones, with coordinates that depend on b`
  const c = coefficients(special)
  const width = `c${c.length - 1}`.length
  const lines = form === 'polynomial' ? [affine(shown), ...clenshaw(products)] : krylovLines(special.model)
  return [
    `${name}: ${what}`,
    '',
    table([
      ['  interval', `[${short(low)}, ${short(high)}]`],
      ['  products', `${counted(products, 'product')} of a matrix and a vector`],
      ['  deviation', `${scientific(deviation)} from the network, relative to its largest value`]
    ]),
    '',
    ...lines.map((line) => `  ${line}`),
    '',
    ...(c.length === 0 ? [] : [...c.map((value, q) => `  ${`c${q}`.padEnd(width)}  ${value}`), '']),
    costTable(shown)
  ].join('\n')
}

/** The same as data. */
export const specialisedJson = ({ name, special, low, high, work, costs }: Shown): unknown => {
  const { form, products, deviation, model } = special
  const c = coefficients(special)
  return {
    name,
    form,
    interval: [low, high],
    products,
    deviation,
    ...(form === 'polynomial' ? { degree: products, coefficients: c } : { model }),
    work,
    costs
  }
}
