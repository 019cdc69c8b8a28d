/**
 * Cholesky for four systems in lanes: `A = L L^T` by rows, four columns at a time, then `L y = b` and `L^T x = y`; every
 * step of the scalar algorithm is one for four systems (Golub and Van Loan, Matrix Computations, 4th edition, 4.2.6).
 */
import {
  br,
  branch,
  count,
  four,
  get,
  int,
  type Local,
  load,
  local,
  loop,
  op,
  plus,
  type Statement,
  set,
  store,
  times,
  type Value
} from '../code'
import { type Func, func } from '../module'

type Vector = Value<'v128'>

/** A: rows of L below the diagonal take its place, the reciprocals of L's diagonal go to d. */
export const params = {
  A: local('A', 'i32'),
  b: local('b', 'i32'),
  x: local('x', 'i32'),
  d: local('d', 'i32'),
  failed: local('failed', 'i32')
} as const

const vector = (name: string): Local<'v128'> => local(name, 'v128')
const range = (length: number): readonly number[] => Array.from({ length }, (_, k) => k)

const sub = (p: Vector, q: Vector): Vector => op('f32x4.sub', p, q)
const mul = (p: Vector, q: Vector): Vector => op('f32x4.mul', p, q)

/** Columns that are eliminated together, and rows beside them: 2 x 4 accumulators leave registers for their factors. */
const wide = 4
const tall = 2

const [i, j, k] = [local('i', 'i32'), local('j', 'i32'), local('k', 'i32')]
const [row, column, end] = [local('row', 'i32'), local('column', 'i32'), local('end', 'i32')]

// --- pieces ----------------------------------------------------------------------------------------------------------

/** While `column` is below `end`: the body, then all pointers move on by a vector. */
const along = (label: string, pointers: readonly Local<'i32'>[], body: readonly Statement[]): Statement =>
  branch(op('i32.lt_u', get(column), get(end)), [
    loop(label, [
      ...body,
      ...pointers.map((p) => set(p, op('i32.add', get(p), int(16)))),
      br(label, op('i32.lt_u', get(column), get(end)))
    ])
  ])

/** Address of `A[i][0]`. */
const rowOf = (n: number, at: Value<'i32'>): Value<'i32'> => plus(get(params.A), times(at, 16 * n))

/** `A[row + r][j + w] - sum_(k<j) L[row + r][k] L[j + w][k]`, then the triangle of columns j ... j + 3. */
const offDiagonal = (n: number, first: number, rows: number): readonly Statement[] => {
  const s = (r: number, w: number): Local<'v128'> => vector(`s${r}${w}`)
  const [left, right] = [vector('left'), (w: number) => vector(`right${w}`)]
  const at = (r: number, w: number): number => 16 * ((first + r) * n + w)
  const each = <A>(f: (r: number, w: number) => A): readonly A[] =>
    range(rows).flatMap((r) => range(wide).map((w) => f(r, w)))
  return [
    set(row, rowOf(n, get(i))),
    set(column, rowOf(n, get(j))),
    set(end, plus(get(column), times(get(j), 16))),
    ...each((r, w) => set(s(r, w), load('v128.load', plus(get(row), times(get(j), 16)), at(r, w)))),
    along(
      `off${first}`,
      [row, column],
      [
        ...range(wide).map((w) => set(right(w), load('v128.load', get(column), 16 * w * n))),
        ...range(rows).flatMap((r) => [
          set(left, load('v128.load', get(row), at(r, 0))),
          ...range(wide).map((w) => set(s(r, w), sub(get(s(r, w)), mul(get(left), get(right(w))))))
        ])
      ]
    ),
    // row and column now stand at column j.
    ...range(wide).flatMap((w) => [
      ...range(rows).flatMap((r) => [
        ...range(w).map((v) =>
          set(s(r, w), sub(get(s(r, w)), mul(get(s(r, v)), load('v128.load', get(column), 16 * (w * n + v)))))
        ),
        set(s(r, w), mul(get(s(r, w)), load('v128.load', plus(get(params.d), times(get(j), 16)), 16 * w))),
        store('v128.store', get(row), get(s(r, w)), at(r, w))
      ])
    ])
  ]
}

/** Notes the pivot of lanes that fail at it first; all ones in `bad` where a pivot is not positive and finite. */
const judge = (pivot: Vector, at: Value<'i32'>): readonly Statement[] => {
  const [bad, known] = [vector('bad'), vector('known')]
  const sound = op('v128.and', op('f32x4.gt', pivot, four(0)), op('f32x4.lt', pivot, four(Number.POSITIVE_INFINITY)))
  const none = op('f32x4.eq', get(known), four(-1))
  const ordinal = op('f32x4.convert_i32x4_s', op('i32x4.splat', at))
  return [
    set(bad, op('v128.not', sound)),
    branch(op('v128.any_true', get(bad)), [
      set(known, load('v128.load', get(params.failed))),
      store('v128.store', get(params.failed), op('v128.bitselect', ordinal, get(known), op('v128.and', get(bad), none)))
    ])
  ]
}

/** The block of `size` rows on the diagonal. */
const diagonal = (n: number, size: number): readonly Statement[] => {
  const s = (r: number, w: number): Local<'v128'> => vector(`s${r}${w}`)
  const right = (w: number): Local<'v128'> => vector(`right${w}`)
  const lower = range(size).flatMap((r) => range(r + 1).map((w) => [r, w] as const))
  const pivot = vector('pivot')
  return [
    set(column, rowOf(n, get(i))),
    set(end, plus(get(column), times(get(i), 16))),
    ...lower.map(([r, w]) => set(s(r, w), load('v128.load', get(end), 16 * (r * n + w)))),
    along(
      'on',
      [column],
      [
        ...range(size).map((w) => set(right(w), load('v128.load', get(column), 16 * w * n))),
        ...lower.map(([r, w]) => set(s(r, w), sub(get(s(r, w)), mul(get(right(r)), get(right(w))))))
      ]
    ),
    ...range(size).flatMap((w) => [
      set(pivot, get(s(w, w))),
      ...judge(get(pivot), plus(get(i), int(w))),
      set(pivot, op('f32x4.div', four(1), op('f32x4.sqrt', get(pivot)))),
      store('v128.store', plus(get(params.d), times(get(i), 16)), get(pivot), 16 * w),
      ...range(size)
        .filter((r) => r > w)
        .flatMap((r) => [
          set(s(r, w), mul(get(s(r, w)), get(pivot))),
          store('v128.store', get(column), get(s(r, w)), 16 * (r * n + w))
        ]),
      ...lower
        .filter(([r, v]) => v > w && r >= v)
        .map(([r, v]) => set(s(r, v), sub(get(s(r, v)), mul(get(s(r, w)), get(s(v, w))))))
    ])
  ]
}

/** Rows i ... i + size - 1 of L. */
const rowBlock = (n: number, size: number): readonly Statement[] => [
  count(j, int(0), get(i), wide, [
    ...range(Math.floor(size / tall)).flatMap((p) => offDiagonal(n, tall * p, tall)),
    ...(size % tall === 0 ? [] : offDiagonal(n, size - 1, 1))
  ]),
  ...diagonal(n, size)
]

/** `y[i + r] = (b[i + r] - sum_k L[i + r][k] y[k]) d[i + r]`; y takes the place of x. */
const forward = (n: number, size: number): readonly Statement[] => {
  const s = (r: number): Local<'v128'> => vector(`s${r}0`)
  const y = vector('left')
  const bAt = (r: number): Vector => load('v128.load', plus(get(params.b), times(get(i), 16)), 16 * r)
  return [
    set(row, rowOf(n, get(i))),
    set(column, get(params.x)),
    set(end, plus(get(column), times(get(i), 16))),
    ...range(size).map((r) => set(s(r), bAt(r))),
    along(
      'forwards',
      [row, column],
      [
        set(y, load('v128.load', get(column))),
        ...range(size).map((r) => set(s(r), sub(get(s(r)), mul(load('v128.load', get(row), 16 * r * n), get(y)))))
      ]
    ),
    ...range(size).flatMap((r) => [
      ...range(r).map((v) => set(s(r), sub(get(s(r)), mul(load('v128.load', get(row), 16 * (r * n + v)), get(s(v)))))),
      set(s(r), mul(get(s(r)), load('v128.load', plus(get(params.d), times(get(i), 16)), 16 * r))),
      store('v128.store', get(column), get(s(r)), 16 * r)
    ])
  ]
}

/** `x[i + r] = (y[i + r] - sum_(k > i + r) L[k][i + r] x[k]) d[i + r]`, rows of L read along four columns. */
const backward = (n: number, size: number): readonly Statement[] => {
  const s = (r: number): Local<'v128'> => vector(`s${r}0`)
  const x = vector('left')
  const xAt = local('at', 'i32')
  return [
    set(xAt, plus(get(params.x), times(get(i), 16))),
    ...range(size).map((r) => set(s(r), load('v128.load', get(xAt), 16 * r))),
    set(row, plus(rowOf(n, plus(get(i), int(size))), times(get(i), 16))),
    set(column, plus(get(xAt), int(16 * size))),
    set(end, plus(get(params.x), int(16 * n))),
    branch(op('i32.lt_u', get(column), get(end)), [
      loop('backwards', [
        set(x, load('v128.load', get(column))),
        ...range(size).map((r) => set(s(r), sub(get(s(r)), mul(load('v128.load', get(row), 16 * r), get(x))))),
        set(row, op('i32.add', get(row), int(16 * n))),
        set(column, op('i32.add', get(column), int(16))),
        br('backwards', op('i32.lt_u', get(column), get(end)))
      ])
    ]),
    set(row, plus(rowOf(n, get(i)), times(get(i), 16))),
    ...[...range(size)].reverse().flatMap((r) => [
      ...range(size)
        .filter((v) => v > r)
        .map((v) => set(s(r), sub(get(s(r)), mul(load('v128.load', get(row), 16 * (v * n + r)), get(s(v)))))),
      set(s(r), mul(get(s(r)), load('v128.load', plus(get(params.d), times(get(i), 16)), 16 * r))),
      store('v128.store', get(xAt), get(s(r)), 16 * r)
    ])
  ]
}

/** Answers of systems whose factorisation failed become NaN. */
const spoil = (n: number): readonly Statement[] => {
  const bad = vector('bad')
  const at = plus(get(params.x), times(get(k), 16))
  return [
    set(bad, op('f32x4.ne', load('v128.load', get(params.failed)), four(-1))),
    branch(op('v128.any_true', get(bad)), [
      count(k, int(0), int(n), 1, [store('v128.store', at, op('v128.or', load('v128.load', at), get(bad)))])
    ])
  ]
}

// --- the function ----------------------------------------------------------------------------------------------------

/**
 * `cholesky(A, b, x, d, failed)`: addresses of A [n, n], b [n], x [n], room for n reciprocals, and the pivot (counted from
 * 0) that is not positive and finite, -1 if there is none; four systems in lanes, A is overwritten, x is NaN where it fails.
 */
export const cholesky = (n: number): Func => {
  const whole = n - (n % wide)
  const rest = n - whole
  const last = (body: readonly Statement[]): readonly Statement[] => (rest === 0 ? [] : [set(i, int(whole)), ...body])
  const down = local('down', 'i32')
  return func(
    'cholesky',
    [params.A, params.b, params.x, params.d, params.failed],
    null,
    [
      store('v128.store', get(params.failed), four(-1)),
      count(i, int(0), int(whole), wide, [...rowBlock(n, wide), ...forward(n, wide)]),
      ...last([...rowBlock(n, rest), ...forward(n, rest)]),
      ...last(backward(n, rest)),
      count(down, int(0), int(whole), wide, [
        set(i, op('i32.sub', int(whole - wide), get(down))),
        ...backward(n, wide)
      ]),
      ...spoil(n)
    ],
    false
  )
}
