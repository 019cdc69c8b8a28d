/**
 * Conjugate gradients for four systems in lanes, a given number of iterations from zero (Golub and Van Loan, Matrix
 * Computations, 4th edition, algorithm 11.3.3); inner products need no sum across lanes.
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

const pointer = (name: string): Local<'i32'> => local(name, 'i32')
const vector = (name: string): Local<'v128'> => local(name, 'v128')
const [A, b, x, r, p, w, failed] = ['A', 'b', 'x', 'r', 'p', 'w', 'failed'].map(pointer) as [
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>
]
const [steps, step, i, j, row] = ['steps', 'step', 'i', 'j', 'row'].map(pointer) as [
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>
]
const [rr, next, curvature, alpha, beta, active, bad] = [
  'rr',
  'next',
  'curvature',
  'alpha',
  'beta',
  'active',
  'bad'
].map(vector) as [
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>
]
const value = vector('value')
/** Squared residuals below this, of a b of size one, are rounding a thousand times over: the iteration ends. */
const vanished = 2 ** -80
/** b is brought to size one, so that its squares neither overflow nor vanish. */
const [size, shrink] = [vector('size'), vector('shrink')]

const add = (left: Vector, right: Vector): Vector => op('f32x4.add', left, right)
const sub = (left: Vector, right: Vector): Vector => op('f32x4.sub', left, right)
const mul = (left: Vector, right: Vector): Vector => op('f32x4.mul', left, right)
const and = (left: Vector, right: Vector): Vector => op('v128.and', left, right)
const positive = (v: Vector): Vector => op('f32x4.gt', v, four(0))

const range = (length: number): readonly number[] => Array.from({ length }, (_, k) => k)

/** Element i of an array. */
const at = (of: Local<'i32'>): Value<'i32'> => plus(get(of), get(i))
const read = (of: Local<'i32'>): Vector => load('v128.load', at(of))
const write = (of: Local<'i32'>, v: Vector): Statement => store('v128.store', at(of), v)
/** For all n elements. */
const each = (n: number, body: readonly Statement[]): Statement => count(i, int(0), int(16 * n), 16, body)

/** Rows whose products with p are accumulated together. */
const rows = 4

/** `w = A p` for rows i ... and `curvature += p . w`. */
const productRows = (n: number, tall: number): readonly Statement[] => {
  const sum = (k: number): Local<'v128'> => vector(`sum${k}`)
  return [
    ...range(tall).map((k) => set(sum(k), four(0))),
    set(row, plus(get(A), times(get(i), n))),
    set(j, int(0)),
    loop('columns', [
      set(value, load('v128.load', plus(get(p), get(j)))),
      ...range(tall).map((k) =>
        set(sum(k), add(get(sum(k)), mul(load('v128.load', plus(get(row), get(j)), 16 * k * n), get(value))))
      ),
      set(j, op('i32.add', get(j), int(16))),
      br('columns', op('i32.lt_u', get(j), int(16 * n)))
    ]),
    ...range(tall).flatMap((k) => [
      store('v128.store', at(w), get(sum(k)), 16 * k),
      set(curvature, add(get(curvature), mul(get(sum(k)), load('v128.load', at(p), 16 * k))))
    ])
  ]
}

const product = (n: number): readonly Statement[] => {
  const whole = n - (n % rows)
  return [
    set(curvature, four(0)),
    count(i, int(0), int(16 * whole), 16 * rows, productRows(n, rows)),
    ...(whole === n ? [] : [set(i, int(16 * whole)), ...productRows(n, n - whole)])
  ]
}

/** Lanes whose curvature is not positive and finite stop, and say at which iteration. */
const judge: readonly Statement[] = [
  set(
    bad,
    op(
      'v128.andnot',
      get(active),
      and(positive(get(curvature)), op('f32x4.lt', get(curvature), four(Number.POSITIVE_INFINITY)))
    )
  ),
  branch(op('v128.any_true', get(bad)), [
    set(active, op('v128.andnot', get(active), get(bad))),
    set(value, op('f32x4.convert_i32x4_s', op('i32x4.splat', get(step)))),
    store('v128.store', get(failed), op('v128.bitselect', get(value), load('v128.load', get(failed)), get(bad)))
  ])
]

/**
 * `cg(A, b, x, r, p, w, failed, steps)`: addresses of A [n, n], b [n], x [n], room for three vectors, and the iteration
 * (counted from 0) at which `p . A p` was not positive and finite, -1 if there is none; four systems in lanes. A system
 * whose residual vanishes, or that fails, keeps its x.
 */
export const cg = (n: number): Func =>
  func(
    'cg',
    [A, b, x, r, p, w, failed, steps],
    null,
    [
      store('v128.store', get(failed), four(-1)),
      set(size, four(0)),
      each(n, [set(size, op('f32x4.max', get(size), op('f32x4.abs', read(b))))]),
      set(shrink, and(op('f32x4.div', four(1), get(size)), op('f32x4.ne', get(size), four(0)))),
      set(rr, four(0)),
      each(n, [
        set(value, mul(read(b), get(shrink))),
        write(r, get(value)),
        write(p, get(value)),
        write(x, four(0)),
        set(rr, add(get(rr), mul(get(value), get(value))))
      ]),
      set(active, op('f32x4.ne', get(rr), four(0))),
      count(step, int(0), get(steps), 1, [
        ...product(n),
        ...judge,
        set(alpha, and(op('f32x4.div', get(rr), get(curvature)), get(active))),
        set(next, four(0)),
        each(n, [
          write(x, add(read(x), mul(get(alpha), read(p)))),
          set(value, sub(read(r), mul(get(alpha), read(w)))),
          write(r, get(value)),
          set(next, add(get(next), mul(get(value), get(value))))
        ]),
        set(beta, and(op('f32x4.div', get(next), get(rr)), get(active))),
        set(active, and(get(active), op('f32x4.gt', get(next), four(vanished)))),
        set(rr, op('v128.bitselect', get(next), get(rr), get(active))),
        each(n, [write(p, add(read(r), mul(get(beta), read(p))))])
      ]),
      each(n, [write(x, mul(read(x), get(size)))])
    ],
    false
  )
