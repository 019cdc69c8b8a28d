/**
 * Tokens by their coordinates in a block Krylov space: `X_m = p_m(A) + K C_m K^T`, `b = K beta`, the query's parts `K xi_m`
 * and its entry `eta`. Here: how they begin, their sums and multiples, and the two products that all else is made of. A is
 * symmetric; `G = K^T K`.
 *
 * Index letters besides the common ones: `q r t` degrees, `f g e` generators (0 for b, 1 for the ones).
 */

import * as Dim from '../../spec/dim'
import { type Degrees, size } from '../../spec/krylov'
import { add, below, type Expr, equal, type Index, index, multiply, number, plus, sum, tensor, timesBy } from '../expr'
import { type Line, type Rule, set, when } from '../rule'
import * as axes from './axes'

const { s } = axes

// --- model -----------------------------------------------------------------------------------------------------------

export interface CoordinateOptions {
  readonly blocks: number
  readonly generators: number
  readonly gram: number
  readonly query: boolean
}

// --- indices ---------------------------------------------------------------------------------------------------------

export const degree = (name: 'q' | 'r' | 't', count: number): Index => index(name, count)
export const generator = (name: 'f' | 'g' | 'e', count: number): Index => index(name, count)

/** `x` where the index is below `count`, zero elsewhere: coordinates that an array does not have are zero. */
export const upTo = (i: Index, count: number, x: Expr): Expr => {
  const own = Dim.asConstant(i.dim)
  if (count <= 0) return number(0)
  return own !== undefined && own <= count ? x : below(i, count, x)
}

/** A line only if its terms are not all absent. */
export const some = (...all: readonly Expr[]): Expr => (all.length === 0 ? number(0) : add(...all))

// --- how they begin --------------------------------------------------------------------------------------------------

/** `p_0(A) = A`, `p_m(A) = I`, `b` itself, and the query: zero in A, one (the paper) or zero in H, and one in b. */
export const startOf = (o: {
  readonly blocks: number
  readonly generators: number
  readonly query: boolean
  readonly low: number
  readonly high: number
  readonly degrees: Degrees
}): Rule => {
  const [m] = axes.blocks(o.blocks)
  const [q, f] = [degree('q', 2), generator('f', o.generators)]
  const xi = size(o.degrees.xi)
  const first = equal(q, 0, (o.low + o.high) / 2, (o.high - o.low) / 2)
  return {
    name: 'krylov start',
    inputs: [],
    parameters: [],
    outputs: ['poly', 'beta', ...(o.query ? ['eta'] : []), ...(xi > 0 ? ['xi'] : [])],
    forward: [
      set('poly', [m, q], below(m, 1, first, equal(q, 0))),
      set('beta', [s, degree('q', 1), f], equal(f, 0)),
      ...when(o.query, set('eta', [s], number(1))),
      ...when(xi > 0, set('xi', [s, m, degree('q', 1), f], below(m, 1, 0, equal(f, 1))))
    ],
    vjp: []
  }
}

// --- products --------------------------------------------------------------------------------------------------------

/**
 * The matrix by which coordinates are multiplied by `p(A)`: `T_k T_r = (T_{k+r} + T_|k-r|) / 2`, so that column r of it holds
 * `p T_r`. `count` coefficients of p, `columns` coordinates before, `count + columns - 1` after.
 */
export const multiplication = (o: {
  readonly lead: readonly Index[]
  readonly count: number
  readonly columns: number
}): Rule => {
  const rows = o.count + o.columns - 1
  const [q, r, t] = [degree('q', rows), degree('r', o.columns), degree('t', o.count)]
  const [p, d] = [tensor('poly'), tensor('dtimes')]
  const at = (from: Index, less: Index) => plus(from, timesBy(less, -1))
  const has = (where: ReturnType<typeof plus>): Expr => below(where, o.count, p(...o.lead, where))
  const dt = d(s, ...o.lead, q, r)
  return {
    name: 'krylov multiplication',
    inputs: ['poly'],
    parameters: [],
    outputs: ['times'],
    forward: [
      set(
        'times',
        [...o.lead, q, r],
        multiply(
          0.5,
          add(
            below(q, r, number(0), has(at(q, r))),
            has(plus(q, r)),
            below(0, q, below(r, q, number(0), has(at(r, q))))
          )
        )
      )
    ],
    vjp: [
      set(
        'dpoly',
        [s, ...o.lead, t],
        multiply(
          0.5,
          add(
            sum([q, r], equal(q, plus(r, t), dt)),
            sum([q, r], equal(plus(q, r), t, dt)),
            sum([q, r], below(0, q, equal(r, plus(q, t), dt)))
          )
        )
      )
    ]
  }
}

/** `Z = C G`, on `columns` coordinates: C has `rows` and `inner`. */
export const withGram = (o: {
  readonly lead: readonly Index[]
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly generators: number
  readonly gram: number
}): Rule => {
  const [C, G, dZ] = [tensor('C'), tensor('G'), tensor('dZ')]
  const [f, g, e] = [generator('f', o.generators), generator('g', o.generators), generator('e', o.generators)]
  const [q, r] = [degree('q', o.rows), degree('r', o.columns)]
  const [Gq, Gr] = [degree('q', o.gram), degree('r', o.gram)]
  const inner = degree('t', o.inner)
  return {
    name: 'krylov Gram product',
    inputs: ['C', 'G'],
    parameters: [],
    outputs: ['Z'],
    forward: [
      set('Z', [s, ...o.lead, q, f, r, g], sum([inner, e], C(s, ...o.lead, q, f, inner, e), G(s, inner, e, r, g)))
    ],
    vjp: [
      set(
        'dC',
        [s, ...o.lead, q, f, degree('r', o.inner), g],
        sum(
          [degree('t', o.columns), e],
          dZ(s, ...o.lead, q, f, degree('t', o.columns), e),
          G(s, degree('r', o.inner), g, degree('t', o.columns), e)
        )
      ),
      set(
        'dG',
        [s, Gq, f, Gr, g],
        upTo(
          Gq,
          o.inner,
          upTo(
            Gr,
            o.columns,
            sum(
              [...o.lead, degree('t', o.rows), e],
              C(s, ...o.lead, degree('t', o.rows), e, Gq, f),
              dZ(s, ...o.lead, degree('t', o.rows), e, Gr, g)
            )
          )
        )
      )
    ]
  }
}

// --- sums and scales -------------------------------------------------------------------------------------------------

/** An array of coordinates: its name, its axes up to the degrees, and how many of each the sum's terms have. */
export interface Component {
  readonly name: 'poly' | 'C' | 'beta' | 'xi' | 'eta'
  /** Sizes of the degree axes in the left term, the right one and the sum; `null` where a term has no such array. */
  readonly left: readonly number[] | null
  readonly right: readonly number[] | null
  readonly sum: readonly number[]
}

const indicesOf = (o: CoordinateOptions, name: Component['name'], sizes: readonly number[]): readonly Index[] => {
  const [m] = axes.blocks(o.blocks)
  const [f, g] = [generator('f', o.generators), generator('g', o.generators)]
  const [q, r] = [degree('q', sizes[0] ?? 1), degree('r', sizes[1] ?? 1)]
  switch (name) {
    case 'poly':
      return [m, q]
    case 'C':
      return [s, m, q, f, r, g]
    case 'beta':
      return [s, q, f]
    case 'xi':
      return [s, m, q, f]
    case 'eta':
      return [s]
  }
}

const perSystem = (over: readonly Index[]): readonly Index[] => (over[0]?.name === 's' ? over : [s, ...over])

/** `x + y` of two arrays of coordinates, the shorter one continued by zeros. */
export const plusOf = (
  o: CoordinateOptions,
  part: Component & { readonly left: readonly number[]; readonly right: readonly number[] }
): Rule => {
  const { name } = part
  const over = indicesOf(o, name, part.sum)
  const read = (label: string, sizes: readonly number[]): Expr => {
    const degrees = over.filter((i) => i.name === 'q' || i.name === 'r')
    return degrees.reduce((x, i, at) => upTo(i, sizes[at] ?? 0, x), tensor(label)(...over))
  }
  const share = (label: string, sizes: readonly number[]): Line => {
    const own = perSystem(indicesOf(o, name, sizes))
    return set(`d${label}`, own, tensor('dY')(...own))
  }
  return {
    name: 'krylov sum',
    inputs: [name, 'step'],
    parameters: [],
    outputs: ['Y'],
    forward: [set('Y', over, add(read(name, part.left), read('step', part.right)))],
    vjp: [share(name, part.left), share('step', part.right)]
  }
}

/** `alpha x` of one array of coordinates; `alpha` has a share in each. */
export const scaleOf = (o: CoordinateOptions, name: Component['name'], sizes: readonly number[]): Rule => {
  const [alpha, x, dY] = [tensor('alpha'), tensor(name), tensor('dY')]
  const over = indicesOf(o, name, sizes)
  const each = perSystem(over)
  return {
    name: 'krylov scale',
    inputs: [name],
    parameters: ['alpha'],
    outputs: ['Y'],
    forward: [set('Y', over, multiply(alpha(), x(...over)))],
    vjp: [
      set('dalpha', [s], sum(each.slice(1), dY(...each), x(...over))),
      set(`d${name}`, each, multiply(alpha(), dY(...each)))
    ]
  }
}
