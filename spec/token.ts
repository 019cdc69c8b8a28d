/**
 * Tokens: how a linear system `A x = b` becomes a sequence of vectors, and the named parts of each vector.
 *
 * Equation encoding (Vladymyrov et al. 2024, section 2): one token per equation, `e_i = (a_i, b_i, h_i)`, and a query.
 * Column encoding (Sittoni and Tudisco 2025): one token per column, `e_i = (A[:, i], b_i)`, no query.
 */
import * as Dim from './dim'

// --- model -----------------------------------------------------------------------------------------------------------

/** A named stretch of a token: the row `A`, the entry `b`, the embeddings `H1` ... `Hl`. */
export interface Part {
  readonly name: string
  readonly dim: Dim.Dim
}

/**
 * What stands in the query token besides `x0 = 0`: the paper's `1_{1+K}` (ones in `b` and in every embedding), or a one
 * in the b slot only. The closed-form weights need the latter.
 */
export type Query = 'paper' | 'b'

/** `h_i`: none, `l` identity blocks (`h_i` holds `l` copies of the unit vector `u_i`), or `width` learned numbers. */
export type Embedding =
  | { readonly _tag: 'identity'; readonly blocks: number }
  | { readonly _tag: 'learned'; readonly width: number; readonly tokens: number }

/** How systems become tokens. */
export type Encoding =
  | {
      readonly _tag: 'equations'
      readonly embedding: Embedding
      /** `'none'` leaves the query out: n tokens instead of n+1. */
      readonly query: Query | 'none'
      /** `b` enters as `bScale * b / ||b||_2` and the answer is scaled back; `null` takes `b` as it is. */
      readonly bScale: number | null
    }
  | { readonly _tag: 'columns' }

/** What flows between layers: `count` tokens, each made of `parts`; the query, if there is one, is the last token. */
export interface Tokens {
  readonly count: Dim.Dim
  readonly parts: readonly Part[]
  readonly query: boolean
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const identity = (blocks: number): Embedding => ({ _tag: 'identity', blocks })

/** A learned vector per equation; its size fixes the number of equations to `tokens`. */
export const learned = (width: number, tokens: number): Embedding => ({ _tag: 'learned', width, tokens })

/** One token per equation, `e_i = (a_i, b_i, h_i)`, and the query `(0, 1, ...)` (Vladymyrov et al. 2024, section 2). */
export const equations = (options: {
  readonly embedding: Embedding
  readonly query?: Query | 'none'
  readonly bScale?: number | null
}): Encoding => ({
  _tag: 'equations',
  embedding: options.embedding,
  query: options.query ?? 'b',
  bScale: options.bScale ?? null
})

/** The rows of the system and nothing else: tokens `(a_i, b_i)`, no embedding, no query. */
export const rows: Encoding = equations({ embedding: identity(0), query: 'none' })

/** One token per column, `e_i = (A[:, i], b_i)` (Sittoni and Tudisco 2025, section 3). */
export const columns: Encoding = { _tag: 'columns' }

// --- destructors -----------------------------------------------------------------------------------------------------

/** The parts of an embedding: `H1 ... Hl`, or one `H` of learned numbers. */
export const embeddingParts = (embedding: Embedding): readonly Part[] => {
  switch (embedding._tag) {
    case 'identity':
      return Array.from({ length: embedding.blocks }, (_, k) => ({ name: `H${k + 1}`, dim: Dim.n }))
    case 'learned':
      return [{ name: 'H', dim: Dim.constant(embedding.width) }]
  }
}

/** The tokens an encoding makes of a system with `n` unknowns. */
export const tokens = (encoding: Encoding): Tokens => {
  const system: readonly Part[] = [
    { name: 'A', dim: Dim.n },
    { name: 'b', dim: Dim.one }
  ]
  switch (encoding._tag) {
    case 'equations': {
      const query = encoding.query !== 'none'
      return {
        count: query ? Dim.add(Dim.n, 1) : Dim.n,
        parts: [...system, ...embeddingParts(encoding.embedding)],
        query
      }
    }
    case 'columns':
      return { count: Dim.n, parts: system, query: false }
  }
}

/** The length of one token, `D = n + 1 + K`. */
export const width = (t: Tokens): Dim.Dim => Dim.add(...t.parts.map((p) => p.dim))

/** The parts of size n, in order (`A`, `H1` ... `Hl`): the square blocks of a Block weight. */
export const squareParts = (t: Tokens): readonly Part[] => t.parts.filter((p) => Dim.equals(p.dim, Dim.n))

/** Whether Block weights apply: every part has size n, except one called b of size 1. */
export const isBlockwise = (t: Tokens): boolean =>
  t.parts.every((p) => Dim.equals(p.dim, Dim.n) || (p.name === 'b' && Dim.equals(p.dim, Dim.one))) &&
  t.parts.some((p) => p.name === 'b')

/** Whether tokens are of the same number and made of the same parts. */
export const equals = (p: Tokens, q: Tokens): boolean =>
  Dim.equals(p.count, q.count) &&
  p.query === q.query &&
  p.parts.length === q.parts.length &&
  p.parts.every((part, k) => part.name === q.parts[k]?.name && Dim.equals(part.dim, q.parts[k].dim))

/** `A:n  b:1  H1:n`. */
export const showParts = (t: Tokens): string => t.parts.map((p) => `${p.name}:${Dim.show(p.dim)}`).join('  ')

/** `[n+1, 4n+1]`. */
export const showShape = (t: Tokens): string => `[${Dim.show(t.count)}, ${Dim.show(width(t))}]`
