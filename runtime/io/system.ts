/**
 * A linear system from the arrays of its files: square, finite, within the limits, in row-major float64.
 */
import * as E from 'fp-ts/Either'
import { type InputError, refuse } from './errors'
import { type NdTable, type Table, toNdTable } from './table'

// --- model -----------------------------------------------------------------------------------------------------------

/**
 * `batch` systems of `n` unknowns. `A`: system, equation, unknown; `b`: system, equation. One matrix may come with several
 * right-hand sides, the columns of a matrix: then `b`: right-hand side, equation.
 */
export interface SystemFile {
  readonly _tag: 'SystemFile'
  readonly name: string
  readonly n: number
  readonly batch: number
  /** Right-hand sides of a single matrix; one for each matrix of a batch. */
  readonly rhs: number
  readonly A: Float64Array
  readonly b: Float64Array
  /** `ones`: no right-hand side was given, so `b = A * ones` and the exact solution is all ones. */
  readonly bSource: 'file' | 'ones'
  /** The file's own word (a `symmetric` Matrix Market file), not a test of the values. */
  readonly symmetricDeclared: boolean
  readonly notes: readonly string[]
}

/** What is refused for its size; the defaults are in `DEFAULT_LIMITS`. */
export interface Limits {
  /** Unknowns of one system. */
  readonly maxN?: number
  /** Bytes of all of `A` in dense float64. */
  readonly maxDenseBytes?: number
  /** Bytes of one file. */
  readonly maxBytes?: number
}

export const DEFAULT_LIMITS = { maxN: 20000, maxDenseBytes: 20000 * 20000 * 8 } as const

export const NO_LIMITS_GIVEN: Limits = {}

// --- checks ----------------------------------------------------------------------------------------------------------

const shapeOf = (t: Table | NdTable): readonly number[] => (t._tag === 'Table' ? [t.rows, t.columns] : t.shape)

const shown = (shape: readonly number[]): string => (shape.length === 0 ? 'a single number' : shape.join(' x '))

interface Size {
  readonly batch: number
  readonly n: number
}

const sizeOf = (name: string, A: Table | NdTable, limits: Limits): E.Either<InputError, Size> => {
  const shape = shapeOf(A)
  const maxN = limits.maxN ?? DEFAULT_LIMITS.maxN
  const maxDenseBytes = limits.maxDenseBytes ?? DEFAULT_LIMITS.maxDenseBytes
  if (shape.length !== 2 && shape.length !== 3) {
    return refuse(name, null, `A has the shape ${shown(shape)}, expected n x n or batch x n x n`)
  }
  if (shape.includes(0)) return refuse(name, null, `A is empty: its shape is ${shown(shape)}`)
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
  if (rows !== columns) return refuse(name, null, `A is not square: its shape is ${shown(shape)}`)
  const batch = shape.length === 3 ? shape[0]! : 1
  if (rows > maxN) return refuse(name, null, `A has n = ${rows} unknowns, above the limit of ${maxN} for dense solving`)
  const bytes = batch * rows * rows * 8
  if (bytes > maxDenseBytes) {
    const limit = `above the limit of ${maxDenseBytes.toExponential(1)}`
    return refuse(name, null, `A needs ${bytes.toExponential(1)} bytes in dense form, ${limit}`)
  }
  return E.right({ batch, n: rows })
}

/** `b` fits as `[n]`, `[n, 1]` or `[1, n]` for one system, and as `[batch, n]` or `[batch, n, 1]` for a batch. */
const fits = (shape: readonly number[], { batch, n }: Size): boolean => {
  const is = (...expected: readonly number[]): boolean =>
    shape.length === expected.length && expected.every((size, axis) => shape[axis] === size)
  return is(batch, n) || is(batch, n, 1) || (batch === 1 && (is(n) || is(n, 1)))
}

/** The columns of a matrix beside a single A: `[n, rhs]` with more than one column. */
const columnsOf = (shape: readonly number[], size: Size): number =>
  size.batch === 1 && shape.length === 2 && shape[0] === size.n && shape[1]! > 1 && !fits(shape, size) ? shape[1]! : 1

const transposed = (b: Float64Array, n: number, columns: number): Float64Array =>
  Float64Array.from({ length: n * columns }, (_, k) => b[(k % n) * columns + Math.floor(k / n)]!)

const position = (k: number, shape: readonly number[]): string => {
  let left = k
  const index = [...shape].reverse().map((size) => {
    const i = left % size
    left = Math.floor(left / size)
    return i
  })
  return index
    .reverse()
    .map((i) => `[${i}]`)
    .join('')
}

/** The values in dense form, all finite. */
const finite = (what: 'A' | 'b', t: Table | NdTable, limitBytes: number): E.Either<InputError, Float64Array> => {
  if (t.nonFinite !== null) {
    return refuse(t.name, t.nonFinite.place, `${what} is not finite: ${t.nonFinite.text}`, 'no system has such entries')
  }
  const dense = t._tag === 'Table' ? toNdTable(t, limitBytes) : E.right(t)
  if (E.isLeft(dense)) return dense
  const { data, shape } = dense.right
  const k = data.findIndex((v) => !Number.isFinite(v))
  if (k < 0) return E.right(data)
  const reason = `${what}${position(k, shape)} is not finite: the sum of the entries given for it overflows`
  return refuse(t.name, null, reason)
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `b[s,i] = sum_k A[s,i,k]`: each row summed in float64 from left to right. */
export const timesOnes = (A: Float64Array, batch: number, n: number): Float64Array => {
  const b = new Float64Array(batch * n)
  for (let i = 0; i < batch * n; i++) {
    let sum = 0
    for (let k = 0; k < n; k++) sum += A[i * n + k]!
    b[i] = sum
  }
  return b
}

const rightHandSide = (
  name: string,
  A: Float64Array,
  b: Table | NdTable | null,
  size: Size
): E.Either<InputError, Float64Array> => {
  const { batch, n } = size
  if (b === null) {
    const sums = timesOnes(A, batch, n)
    return sums.every(Number.isFinite)
      ? E.right(sums)
      : refuse(name, null, 'b = A * ones overflows float64', 'give a right-hand side')
  }
  const shape = shapeOf(b)
  const columns = columnsOf(shape, size)
  if (columns > 1) {
    return E.map((values: Float64Array) => transposed(values, n, columns))(finite('b', b, columns * n * 8))
  }
  if (!fits(shape, size)) {
    const expected = batch === 1 ? `${n}, ${n} x 1 or ${n} x columns` : `${batch} x ${n}`
    const against = batch === 1 ? `${n} x ${n}` : `${batch} x ${n} x ${n}`
    return refuse(b.name, null, `b has the shape ${shown(shape)}, expected ${expected} for A of ${against}`)
  }
  return finite('b', b, batch * n * 8)
}

/**
 * The system of `A` and `b`, or with `b = A * ones` where `b` is null.
 *
 * Shapes: `A` is `[n, n]` or `[batch, n, n]`; `b` is `[n]`, `[n, 1]`, `[1, n]`, `[batch, n]` or `[batch, n, 1]`, or beside a
 * single A `[n, columns]`.
 * Errors: a shape that is not square, empty or above the limits; a NaN or an infinity; sizes that differ.
 */
export const system = (
  name: string,
  A: Table | NdTable,
  b: Table | NdTable | null,
  limits: Limits = NO_LIMITS_GIVEN
): E.Either<InputError, SystemFile> => {
  const size = sizeOf(name, A, limits)
  if (E.isLeft(size)) return size
  const values = finite('A', A, limits.maxDenseBytes ?? DEFAULT_LIMITS.maxDenseBytes)
  if (E.isLeft(values)) return values
  const side = rightHandSide(name, values.right, b, size.right)
  if (E.isLeft(side)) return side
  return E.right({
    _tag: 'SystemFile',
    name,
    n: size.right.n,
    batch: size.right.batch,
    rhs: size.right.batch === 1 ? side.right.length / size.right.n : 1,
    A: values.right,
    b: side.right,
    bSource: b === null ? 'ones' : 'file',
    symmetricDeclared: A._tag === 'Table' && A.symmetry === 'symmetric',
    notes: [...A.notes, ...(b?.notes ?? [])]
  })
}
