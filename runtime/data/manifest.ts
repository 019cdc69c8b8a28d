/**
 * The manifest of a dataset: what its systems are, how they were drawn, and the files that hold them.
 */
import * as E from 'fp-ts/Either'

import * as D from '../../spec/decoder'
import { coefficientsOf, type Family } from '../../spec/family'
import { decodeFamilyAt, encodeFamily } from '../../spec/family-json'
import * as Key from '../random/key'

// --- model -----------------------------------------------------------------------------------------------------------

/** A file by its size in bytes and the SHA-256 of them. */
export interface FileEntry {
  readonly bytes: number
  readonly sha256: string
}

/** How the numbers of A, b and x are stored; coefficients are always float64. */
export type Dtype = 'float64' | 'float32'

export interface Manifest {
  readonly family: Family
  /** The systems are those that `draw` gives for `keyOf(seed)`, from number 0 on. */
  readonly seed: number
  readonly count: number
  readonly n: number
  readonly dtype: Dtype
  readonly files: Readonly<Record<FileName, FileEntry>>
}

/** The files of a dataset in the order in which they are written. */
export const fileNames = ['A.npy', 'b.npy', 'x.npy', 'coefficients.npy'] as const
export type FileName = (typeof fileNames)[number]

export const manifestName = 'manifest.json'

const format = 'ansatz-dataset'
const version = 1

/** The most systems of a dataset. */
export const mostSystems = 1_000_000_000

// --- destructors -----------------------------------------------------------------------------------------------------

/** The key that the systems of a seed are drawn from. */
export const keyOf = (seed: number): Key.Key => Key.fold(Key.key(seed), 'sample')

export const widthOf = (name: FileName, dtype: Dtype): 4 | 8 =>
  name !== 'coefficients.npy' && dtype === 'float32' ? 4 : 8

/** A: [count, n, n]. b and x: [count, n]. coefficients: [count, names of the family]. */
export const shapeOf = (name: FileName, { family, count, n }: Pick<Manifest, 'family' | 'count' | 'n'>): number[] => {
  switch (name) {
    case 'A.npy':
      return [count, n, n]
    case 'b.npy':
    case 'x.npy':
      return [count, n]
    case 'coefficients.npy':
      return [count, coefficientsOf(family).length]
  }
}

// --- JSON ------------------------------------------------------------------------------------------------------------

/** A manifest as text, its keys in a fixed order; it names the columns of the coefficients. */
export const encode = ({ family, seed, count, n, dtype, files }: Manifest): string =>
  `${JSON.stringify(
    {
      format,
      version,
      family: encodeFamily(family),
      seed,
      count,
      n,
      dtype,
      coefficients: coefficientsOf(family),
      files: Object.fromEntries(fileNames.map((name) => [name, { ...files[name] }]))
    },
    null,
    2
  )}\n`

interface Stored extends Manifest {
  readonly format: typeof format
  readonly version: number
  readonly coefficients: readonly string[]
}

export const sha256: D.Decoder<string> = (value, path) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
    ? E.right(value)
    : D.fail(path, 'a SHA-256 of 64 hexadecimal digits', value)

const entry: D.Decoder<FileEntry> = D.struct<FileEntry>({
  bytes: D.whole(1, Number.MAX_SAFE_INTEGER),
  sha256
})

const same = (p: readonly string[], q: readonly string[]): boolean => p.join() === q.join()

const stored: D.Decoder<Stored> = D.that(
  D.struct<Stored>({
    format: D.oneOf(format),
    version: D.whole(version, version),
    family: decodeFamilyAt,
    seed: D.whole(0, Number.MAX_SAFE_INTEGER),
    count: D.whole(1, mostSystems),
    n: D.whole(1, 1_000_000),
    dtype: D.oneOf('float64', 'float32'),
    coefficients: D.array(D.name, 1000),
    files: D.struct<Manifest['files']>({ 'A.npy': entry, 'b.npy': entry, 'x.npy': entry, 'coefficients.npy': entry })
  }),
  (m) => same(m.coefficients, coefficientsOf(m.family)),
  'the coefficients of the family'
)

/** The manifest that a JSON value describes, or the first place where it describes none. */
export const decode = (value: unknown): E.Either<D.DecodeError, Manifest> =>
  E.map(({ family, seed, count, n, dtype, files }: Stored): Manifest => ({ family, seed, count, n, dtype, files }))(
    stored(value, '', 0)
  )
