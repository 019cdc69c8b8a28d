/**
 * Decoders: from values of unknown origin to spec data, exact in their keys, with errors that name the place.
 */
import * as E from 'fp-ts/Either'

// --- model -----------------------------------------------------------------------------------------------------------

export interface DecodeError {
  readonly _tag: 'DecodeError'
  /** The place in the value, such as `body.layers[1].weight`; empty for the value itself. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

/** Values that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Reads a value at a place; `depth` counts the objects around it. */
export type Decoder<A> = (value: unknown, path: string, depth: number) => E.Either<DecodeError, A>

/** The deepest nesting that is read: far more than any model has, far less than the stack holds. */
export const deepest = 64

// --- constructors ----------------------------------------------------------------------------------------------------

const found = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  switch (typeof value) {
    case 'object':
      return 'an object'
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return typeof value
  }
}

export const fail = (path: string, expected: string, value: unknown): E.Either<DecodeError, never> =>
  E.left({ _tag: 'DecodeError', path, expected, found: found(value) })

/** A finite number. */
export const number: Decoder<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? E.right(value) : fail(path, 'a finite number', value)

/** A whole number from `least` to `most`. */
export const whole =
  (least: number, most: number): Decoder<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
      ? E.right(value)
      : fail(path, `a whole number from ${least} to ${most}`, value)

export const boolean: Decoder<boolean> = (value, path) =>
  typeof value === 'boolean' ? E.right(value) : fail(path, 'true or false', value)

/** A name: 1 to 200 characters, none of them a control character. */
export const name: Decoder<string> = (value, path) =>
  typeof value === 'string' && /^\P{C}{1,200}$/u.test(value)
    ? E.right(value)
    : fail(path, 'a name of 1 to 200 printing characters', value)

/** One of a few words. */
export const oneOf =
  <A extends string>(...words: readonly A[]): Decoder<A> =>
  (value, path) => {
    const word = words.find((w) => w === value)
    return word === undefined ? fail(path, `one of ${words.join(', ')}`, value) : E.right(word)
  }

// --- combinators -----------------------------------------------------------------------------------------------------

export const nullable =
  <A>(decoder: Decoder<A>): Decoder<A | null> =>
  (value, path, depth) =>
    value === null ? E.right(null) : decoder(value, path, depth)

export const array =
  <A>(decoder: Decoder<A>, most: number): Decoder<readonly A[]> =>
  (value, path, depth) => {
    if (!Array.isArray(value)) return fail(path, 'an array', value)
    if (value.length > most) return fail(path, `an array of at most ${most}`, value)
    const result: A[] = []
    for (let k = 0; k < value.length; k++) {
      const each = decoder(value[k], `${path}[${k}]`, depth + 1)
      if (E.isLeft(each)) return each
      result.push(each.right)
    }
    return E.right(result)
  }

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

/** An object made by braces, with nothing hidden in its prototype. */
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A decoder that a `struct` need not find a key for: it then reads `fallback`. */
export interface Optional<A> extends Decoder<A> {
  readonly fallback: A
}

/** The value of a key that older files lack. */
export const or = <A>(fallback: A, decoder: Decoder<A>): Optional<A> =>
  Object.assign((value: unknown, path: string, depth: number) => decoder(value, path, depth), { fallback })

/** An object with exactly these keys. */
export const struct =
  <A>(fields: { readonly [K in keyof A]-?: Decoder<A[K]> }): Decoder<A> =>
  (value, path, depth) => {
    if (depth > deepest) return fail(path, `at most ${deepest} levels of nesting`, value)
    if (!isRecord(value)) return fail(path, 'an object', value)
    const keys = Object.keys(fields) as (keyof A & string)[]
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key))
    if (unknown !== undefined) {
      return E.left({
        _tag: 'DecodeError',
        path,
        expected: `only the keys ${keys.join(', ')}`,
        found: `the key ${found(unknown)}`
      })
    }
    const result: Partial<A> = {}
    for (const key of keys) {
      if (!Object.hasOwn(value, key)) {
        const field: object = fields[key]
        if ('fallback' in field) {
          result[key] = field.fallback as A[typeof key]
          continue
        }
        return E.left({ _tag: 'DecodeError', path, expected: `the key ${key}`, found: 'no such key' })
      }
      const each = fields[key](value[key], join(path, key), depth + 1)
      if (E.isLeft(each)) return each
      result[key] = each.right
    }
    return E.right(result as A)
  }

/** One of several objects, told apart by `_tag`. */
export const union =
  <A extends { readonly _tag: string }>(
    cases: {
      readonly [T in A['_tag']]: Decoder<Extract<A, { _tag: T }>>
    }
  ): Decoder<A> =>
  (value, path, depth) => {
    if (!isRecord(value)) return fail(path, 'an object', value)
    const tags = Object.keys(cases) as A['_tag'][]
    const tag = Object.hasOwn(value, '_tag') ? value['_tag'] : undefined
    const known = tags.find((t) => t === tag)
    if (known === undefined) return fail(join(path, '_tag'), `one of ${tags.join(', ')}`, tag)
    return (cases[known] as Decoder<A>)(value, path, depth)
  }

/** The value that is expected at `_tag`, which `union` has looked at already. */
export const tag = <A extends string>(word: A): Decoder<A> => oneOf(word)

/** A decoder that is looked up when it is used, for data that contains itself. */
export const lazy =
  <A>(decoder: () => Decoder<A>): Decoder<A> =>
  (value, path, depth) =>
    decoder()(value, path, depth)

/** Then a further demand; `expected` says which. */
export const that =
  <A>(decoder: Decoder<A>, holds: (a: A) => boolean, expected: string): Decoder<A> =>
  (value, path, depth) => {
    const result = decoder(value, path, depth)
    return E.isRight(result) && !holds(result.right) ? fail(path, expected, value) : result
  }

// --- destructors -----------------------------------------------------------------------------------------------------

/** One sentence: the place, what was expected, what was found. */
export const show = (e: DecodeError): string =>
  `${e.path === '' ? 'the value' : e.path}: expected ${e.expected}, found ${e.found}`
