/**
 * The block Krylov space of b and 1: its vectors `T_k(M) b` and `T_k(M) 1`, `M = (2 A - (low + high) I) / (high - low)`, by
 * the recurrence `T_k v = 2 M T_{k-1} v - T_{k-2} v`, one matrix-vector product each; and its Gram matrix
 * `K^T K`. A is symmetric.
 */
import * as Dim from '../../spec/dim'
import { most, type Reach } from '../../spec/krylov'
import {
  add,
  below,
  type Expr,
  equal,
  type Index,
  index,
  multiply,
  negate,
  number,
  plus,
  sum,
  tensor,
  timesBy
} from '../expr'
import { type Line, labelled, type Rule, set } from '../rule'
import * as axes from './axes'
import { type Generator, gathered, generators, nameOf, range, reachOf, taken, vector } from './krylov-vectors'

export interface BasisOptions {
  readonly low: number
  readonly high: number
  /** The highest k of `T_k(M) b` and of `T_k(M) 1`. */
  readonly top: Reach
  readonly generators: 1 | 2
  /** The highest degree in the Gram matrix. */
  readonly gram: number
  /** Parts of size n of the tokens that A is read from. */
  readonly blocks: number
}

const { s, j } = axes
const [i, k] = axes.tokens(Dim.n)
const [c] = axes.channels(Dim.n)
const X = tensor('X')

/** `T_q = scale A T_{q-1} - shift T_{q-1} - T_{q-2}`: M for the first, 2 M for all others. */
const step = (o: BasisOptions, q: number): { readonly scale: number; readonly shift: number } => {
  const factor = (q === 1 ? 1 : 2) / (o.high - o.low)
  return { scale: 2 * factor, shift: factor * (o.low + o.high) }
}

/** What kernels call the steps of a recurrence, the same at every step. */
const labels = (word: string, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name, at) => [name, at === 0 ? word : `${word}${at}`]))

const recurrence = (o: BasisOptions, g: Generator): readonly Line[] =>
  range(1, reachOf(o, g)).map((q) => {
    const { scale, shift } = step(o, q)
    const value = add(
      sum([], scale, sum([j], X(s, 0, i, j), vector(g, q - 1, j))),
      sum([], -shift, vector(g, q - 1, i)),
      ...(q >= 2 ? [negate(vector(g, q - 2, i))] : [])
    )
    return labelled(
      set(nameOf(g, q), [s, i], value),
      labels(
        'T',
        range(0, Math.min(2, q - 1)).map((d) => nameOf(g, q - d))
      )
    )
  })

// --- moments ---------------------------------------------------------------------------------------------------------

/** Which vector gives the moment `<f, T_q g>` of two generators: the farther one, by `<f, T_q g> = <T_q f, g>`. */
const sourceOf = (
  o: BasisOptions,
  q: number,
  f: Generator,
  g: Generator
): readonly [at: Generator, against: Generator] | null => {
  if (f === g) return q <= reachOf(o, g) ? [g, f] : null
  const far: Generator = q <= reachOf(o, 'ones') ? 'ones' : 'b'
  return [far, far === 'ones' ? 'b' : 'ones']
}

/** A choice among the pairs of generators. */
const byPair = (o: BasisOptions, f: Index, g: Index, value: (f: Generator, g: Generator) => Expr): Expr =>
  o.generators === 1
    ? value('b', 'b')
    : equal(
        f,
        0,
        equal(g, 0, value('b', 'b'), value('b', 'ones')),
        equal(g, 0, value('ones', 'b'), value('ones', 'ones'))
      )

const vectorLabels = (q: number): Readonly<Record<string, string>> => ({
  [nameOf('b', q)]: 'Tb',
  [nameOf('ones', q)]: 'T1'
})

/** `moments[k,f,g] = <f, T_k(M) g>`. */
const moments = (o: BasisOptions, k_: Index, f: Index, g: Index): readonly Line[] =>
  gathered(
    'moments',
    [s, k_, f, g],
    range(0, Math.max(0, most(o.top))).map((q) => ({
      term: equal(
        k_,
        q,
        byPair(o, f, g, (left, right) => {
          const from = sourceOf(o, q, left, right)
          return from === null ? number(0) : sum([i], vector(from[0], q, i), vector(from[1], 0, i))
        })
      ),
      labels: vectorLabels(q)
    }))
  )

// --- the basis -------------------------------------------------------------------------------------------------------

/** `K` vector by vector, and `G[q,f,r,g] = <T_q f, T_r g> = (<f, T_{q+r} g> + <f, T_|q-r| g>) / 2`. */
export const basis = (o: BasisOptions): Rule => {
  const last = Math.max(0, most(o.top))
  const [q, r] = [index('q', o.gram + 1), index('r', o.gram + 1)]
  const [f, g] = [index('f', o.generators), index('g', o.generators)]
  const t = index('t', last + 1)
  const [m] = axes.blocks(o.blocks)
  const [mo, dG, dmo] = [tensor('moments'), tensor('dG'), tensor('dmoments')]
  const apart = (high: Index, low: Index) => plus(high, timesBy(low, -1))
  /** Degrees beyond the answer's never meet it. */
  const within = (x: Expr): Expr => below(plus(q, r), last + 1, x)

  /** `dmoments` of the moments that a vector takes part in as `T_q g`, times the generator that it meets there. */
  const fromMoments = (gen: Generator, at: number, where: Index): readonly Expr[] => {
    const own = generators.indexOf(gen)
    const other: Generator = gen === 'b' ? 'ones' : 'b'
    const mixed = o.generators === 2 && sourceOf(o, at, gen, other)?.[0] === gen
    return [
      multiply(dmo(s, at, own, own), vector(gen, 0, where)),
      ...(mixed ? [multiply(add(dmo(s, at, 0, 1), dmo(s, at, 1, 0)), vector(other, 0, where))] : [])
    ]
  }
  const v = (gen: Generator, at: number): string => `v_${gen}${at}`
  const adjoint = (gen: Generator): readonly Line[] => {
    const reach = reachOf(o, gen)
    const first = gen === 'b' ? 0 : 1 // the ones are no input
    return [...range(first, reach)].reverse().map((at) => {
      const next = step(o, at + 1)
      const value = add(
        ...(at === 0 ? [] : [tensor(`d${nameOf(gen, at)}`)(s, k)]),
        ...fromMoments(gen, at, k),
        ...(at + 1 <= reach
          ? [
              sum([], next.scale, sum([j], X(s, 0, j, k), tensor(v(gen, at + 1))(s, j))),
              sum([], -next.shift, tensor(v(gen, at + 1))(s, k))
            ]
          : []),
        ...(at + 2 <= reach ? [negate(tensor(v(gen, at + 2))(s, k))] : [])
      )
      const names = range(0, Math.min(2, reach - at)).map((d) => v(gen, at + d))
      return labelled(set(v(gen, at), [s, k], value), { ...labels('v', names), [`d${nameOf(gen, at)}`]: 'dT' })
    })
  }
  /** b as the left factor of moments. */
  const asLeft = range(0, last).flatMap((at) => [
    ...(at <= reachOf(o, 'b')
      ? [{ term: multiply(dmo(s, at, 0, 0), vector('b', at, k)), labels: vectorLabels(at) }]
      : []),
    ...(o.generators === 2 && sourceOf(o, at, 'b', 'ones')?.[0] === 'ones'
      ? [{ term: multiply(add(dmo(s, at, 0, 1), dmo(s, at, 1, 0)), vector('ones', at, k)), labels: vectorLabels(at) }]
      : [])
  ])
  const steps = taken(o).flatMap((gen) => range(1, reachOf(o, gen)).map((at) => [gen, at] as const))
  return {
    name: 'krylov basis',
    inputs: ['X', 'b'],
    parameters: [],
    outputs: ['G', ...steps.map(([gen, at]) => nameOf(gen, at))],
    forward: [
      ...taken(o).flatMap((gen) => recurrence(o, gen)),
      ...moments(o, t, f, g),
      set(
        'G',
        [s, q, f, r, g],
        within(
          multiply(0.5, add(mo(s, plus(q, r), f, g), below(q, r, mo(s, apart(r, q), f, g), mo(s, apart(q, r), f, g))))
        )
      )
    ],
    vjp: [
      set(
        'dmoments',
        [s, t, f, g],
        multiply(
          0.5,
          add(
            sum([q, r], equal(plus(q, r), t, dG(s, q, f, r, g))),
            sum(
              [q, r],
              within(below(q, r, equal(r, plus(q, t), dG(s, q, f, r, g)), equal(q, plus(r, t), dG(s, q, f, r, g))))
            )
          )
        )
      ),
      // v_k = dT_k + (moments) + 2 M^T v_{k+1} - v_{k+2}, downwards; db is v_0 and b's share in the moments.
      ...taken(o).flatMap(adjoint),
      ...gathered('db', [s, k], [{ term: tensor(v('b', 0))(s, k), labels: { [v('b', 0)]: 'v' } }, ...asLeft]),
      // dA = sum_k scale v_k T_{k-1}^T
      ...gathered(
        'dX',
        [s, m, i, c],
        steps.map(([gen, at]) => ({
          term: equal(m, 0, sum([], step(o, at).scale, tensor(v(gen, at))(s, i), vector(gen, at - 1, c))),
          labels: { [v(gen, at)]: 'v', [nameOf(gen, at - 1)]: 'T' }
        }))
      )
    ]
  }
}
