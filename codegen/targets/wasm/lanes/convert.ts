/**
 * Between the order of arrays outside, one system after the other, and lanes, where a vector holds the same number of four
 * systems: 4 x 4 transposes, whose last block overlaps the one before where the length is no multiple of four.
 */
import { count, get, int, load, local, op, type Statement, set, shuffle32, store, type Value } from '../code'
import { type Func, func } from '../module'

type Vector = Value<'v128'>

/** The numbers of four systems start here. */
const rows = [0, 1, 2, 3].map((k) => local(`row${k}`, 'i32'))
const vectors = local('vectors', 'i32')
const i = local('i', 'i32')
const [p, q] = [0, 1, 2, 3]
  .map((k) => [local(`p${k}`, 'v128'), local(`q${k}`, 'v128')] as const)
  .reduce<readonly [readonly ReturnType<typeof local<'v128'>>[], readonly ReturnType<typeof local<'v128'>>[]]>(
    ([a, b], [c, d]) => [
      [...a, c],
      [...b, d]
    ],
    [[], []]
  )

const low = (a: Vector, b: Vector): Vector => shuffle32([0, 4, 1, 5], a, b)
const high = (a: Vector, b: Vector): Vector => shuffle32([2, 6, 3, 7], a, b)
const lowHalves = (a: Vector, b: Vector): Vector => shuffle32([0, 1, 4, 5], a, b)
const highHalves = (a: Vector, b: Vector): Vector => shuffle32([2, 3, 6, 7], a, b)

const at = <T>(all: readonly T[], k: number): T => all[k] as T

/** The transpose of the four vectors in p, through q. */
const transposed = (): { readonly before: readonly Statement[]; readonly rows: readonly Vector[] } => {
  const [p0, p1, p2, p3] = p.map(get) as [Vector, Vector, Vector, Vector]
  const [q0, q1, q2, q3] = q.map(get) as [Vector, Vector, Vector, Vector]
  return {
    before: [
      set(at(q, 0), low(p0, p1)),
      set(at(q, 1), low(p2, p3)),
      set(at(q, 2), high(p0, p1)),
      set(at(q, 3), high(p2, p3))
    ],
    rows: [lowHalves(q0, q1), highHalves(q0, q1), lowHalves(q2, q3), highHalves(q2, q3)]
  }
}

const moved = (from: ReturnType<typeof local<'i32'>>, by: Value<'i32'>): Value<'i32'> => op('i32.add', get(from), by)

const times4 = (by: Value<'i32'>): Value<'i32'> => op('i32.shl', by, int(2))

/** Blocks of four elements: whole ones in a loop, and the last again at the end where some are left. */
const blocks = (
  length: number,
  body: (offset: Value<'i32'>, wide: number) => readonly Statement[]
): readonly Statement[] => {
  const whole = length - (length % 4)
  const rest = length % 4
  return [
    ...(whole > 0 ? [count(i, int(0), int(4 * whole), 16, body(get(i), 4))] : []),
    ...(rest === 0 ? [] : body(int(length < 4 ? 0 : 4 * (length - 4)), length < 4 ? length : 4))
  ]
}

/** `lanes_in_81(row0 ... row3, vectors)`: 81 numbers of each of four systems as 81 vectors. Reads whole vectors. */
export const intoLanes = (length: number): Func =>
  func(
    `lanes_in_${length}`,
    [...rows, vectors],
    null,
    blocks(length, (offset, wide) => {
      const { before, rows: columns } = transposed()
      return [
        ...rows.map((row, k) => set(at(p, k), load('v128.load', moved(row, offset)))),
        ...before,
        ...columns.slice(0, wide).map((v, k) => store('v128.store', moved(vectors, times4(offset)), v, 16 * k))
      ]
    }),
    false
  )

/** `lanes_out_9(vectors, row0 ... row3)`: 9 vectors as 9 numbers of each of four systems; row 0 is written last. */
export const outOfLanes = (length: number): Func =>
  func(
    `lanes_out_${length}`,
    [vectors, ...rows],
    null,
    blocks(length, (offset, wide) => {
      const { before, rows: columns } = transposed()
      const writes = columns.map((v, k): readonly Statement[] =>
        wide === 4
          ? [store('v128.store', moved(at(rows, k), offset), v)]
          : Array.from({ length: wide }, (_, lane) => ({
              _tag: 'storeLane',
              lane,
              at: moved(at(rows, k), offset),
              offset: 4 * lane,
              value: v
            }))
      )
      return [
        ...p.map((v, k) => set(v, load('v128.load', moved(vectors, times4(offset)), k < wide ? 16 * k : 0))),
        ...before,
        ...[...writes].reverse().flat()
      ]
    }),
    false
  )
