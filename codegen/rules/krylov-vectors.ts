/**
 * The vectors of a block Krylov space by name, and the vector `K xi` of given coordinates.
 */
import * as Dim from '../../spec/dim'
import type { Reach } from '../../spec/krylov'
import { add, type Expr, equal, type Index, index, multiply, number, sum, type Term, tensor } from '../expr'
import { type Line, labelled, type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes
const [i] = axes.tokens(Dim.n)

// --- names -----------------------------------------------------------------------------------------------------------

/** The names of generators in equations: `b7` is `T_7(M) b`, `ones7` is `T_7(M) 1`. */
export const generators = ['b', 'ones'] as const
export type Generator = (typeof generators)[number]

export const nameOf = (g: Generator, q: number): string => `${g}${q}`

/** Entry `at` of `T_q(M) b` or `T_q(M) 1`. */
export const vector = (g: Generator, q: number, at: Index): Expr =>
  q > 0 ? tensor(nameOf(g, q))(s, at) : g === 'b' ? tensor('b')(s, at) : number(1)

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)

export const reachOf = ({ top }: { readonly top: Reach }, g: Generator): number =>
  Math.max(0, top[generators.indexOf(g)] ?? 0)

export const taken = (o: { readonly generators: 1 | 2 }): readonly Generator[] => generators.slice(0, o.generators)

/** Terms added one equation at a time, so that each reads few arrays; the last sum is called `name`. */
export const gathered = (
  name: string,
  over: readonly Index[],
  all: readonly { readonly term: Expr; readonly labels: Readonly<Record<string, string>> }[]
): readonly Line[] => {
  const partial = (at: number): string => (at === all.length - 1 ? name : `${name}_to${at}`)
  return all.map((each, at) => {
    const value = at === 0 ? each.term : add(each.term, tensor(partial(at - 1))(...over))
    const own = { ...each.labels, [partial(at)]: name, [partial(at - 1)]: 'before' }
    return labelled(set(partial(at), over, value), own)
  })
}

// --- the answer ------------------------------------------------------------------------------------------------------

export interface AnswerOptions {
  readonly top: Reach
  readonly generators: 1 | 2
  /** Coordinates of the answer on each generator. */
  readonly size: number
  /** The parts of the query and which of them is read, or `null` where the coordinates are those of one vector. */
  readonly of: { readonly blocks: number; readonly block: number } | null
}

/** `x = sum_k xi_k T_k(M) b + xi'_k T_k(M) 1`. */
export const answer = (o: AnswerOptions): Rule => {
  const [xi, dx] = [tensor('xi'), tensor('dx')]
  const [q, f] = [index('q', o.size), index('f', o.generators)]
  const [m] = axes.blocks(o.of?.blocks ?? 1)
  const parts = o.of === null ? [] : [m]
  const own = (x: Expr): Expr => (o.of === null ? x : equal(m, o.of.block, x))
  const coordinate = (gen: Generator, at: number): Expr =>
    xi(s, ...(o.of === null ? [] : [o.of.block]), at, generators.indexOf(gen))
  const all = taken(o).flatMap((gen) =>
    range(0, o.top[generators.indexOf(gen)] ?? -1).map((at) => ({ gen, at, labels: { [nameOf(gen, at)]: 'T' } }))
  )
  const only = (gen: Generator, at: number, x: Term): Expr => equal(q, at, equal(f, generators.indexOf(gen), x))
  return {
    name: 'krylov answer',
    inputs: ['b', 'xi', ...all.filter(({ at }) => at > 0).map(({ gen, at }) => nameOf(gen, at))],
    parameters: [],
    outputs: ['x'],
    forward: gathered(
      'x',
      [s, i],
      all.map(({ gen, at, labels: l }) => ({ term: multiply(coordinate(gen, at), vector(gen, at, i)), labels: l }))
    ),
    vjp: [
      ...gathered(
        'dxi',
        [s, ...parts, q, f],
        all.map(({ gen, at, labels: l }) => ({
          term: own(only(gen, at, sum([i], dx(s, i), vector(gen, at, i)))),
          labels: l
        }))
      ),
      ...all
        .filter(({ gen, at }) => at > 0 || gen === 'b')
        .map(({ gen, at }) => {
          const name = at === 0 ? 'db' : `d${nameOf(gen, at)}`
          return labelled(set(name, [s, i], multiply(coordinate(gen, at), dx(s, i))), { [name]: 'dT' })
        })
    ]
  }
}
