/**
 * Families of problems by the names that people give: of the zoo, or of files.
 */
import { readFile } from 'node:fs/promises'
import * as E from 'fp-ts/Either'

import * as D from '../../spec/decoder'
import { type Family, sizesOf } from '../../spec/family'
import { decodeFamily } from '../../spec/family-json'
import { families } from '../../spec/zoo/families'
import { show as showInput } from '../io/errors'
import { systemError } from '../io/source'
import { type Failure, fail } from './exit'
import { didYouMean, quoted } from './suggest'

/** A family, and the size of the systems that are to be drawn from it. */
export interface FoundFamily {
  readonly name: string
  readonly family: Family
  readonly n: number
}

type Result<A> = E.Either<Failure, A>

const usualSize = 16

/** The most bytes of a family in JSON. */
const mostBytes = 2 ** 20

const readFamily = async (file: string): Promise<Result<Family>> => {
  let value: unknown
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > mostBytes) return fail('input', `${file}: is longer than any family`)
    value = JSON.parse(text)
  } catch (cause) {
    return fail(
      'input',
      cause instanceof SyntaxError ? `${file}: is not JSON` : showInput(systemError(file, cause, 'read'))
    )
  }
  const family = decodeFamily(value)
  return E.isLeft(family) ? fail('input', `${file}: ${D.show(family.left)}`) : family
}

const fromFile = async (file: string, n: number | undefined): Promise<Result<FoundFamily>> => {
  const family = await readFamily(file)
  if (E.isLeft(family)) return family
  const { low, high } = sizesOf(family.right)
  const size = n ?? (low === high ? low : undefined)
  if (size === undefined) return fail('usage', `${file}: has sizes from ${low} to ${high}; say which with --n`)
  if (size < low || size > high) {
    return fail(
      'usage',
      `--n ${size}: ${file} has ${low === high ? `systems of ${low}` : `sizes from ${low} to ${high}`}`
    )
  }
  return E.right({ name: file, family: family.right, n: size })
}

/** The family of a name or of a file in JSON, for systems of n unknowns, 16 if nothing says how many. */
export const findFamily = async (name: string, n: number | undefined): Promise<Result<FoundFamily>> => {
  const known = Object.hasOwn(families, name) ? families[name] : undefined
  if (known !== undefined) {
    const size = n ?? usualSize
    return E.right({ name, family: known.family(size), n: size })
  }
  if (/[\\/]|\.json$/.test(name)) return fromFile(name, n)
  const near = didYouMean(name, Object.keys(families))
  return fail(
    'usage',
    `there is no family ${quoted(name)}${near === '' ? '; ansatz sample --list shows them, and one in JSON is given as a file' : near}`
  )
}
