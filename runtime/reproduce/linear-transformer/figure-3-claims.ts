/** What figure 3 says: how long networks take beside classical solvers, at small sizes. */
import type { Claim } from '../row'

// --- model -----------------------------------------------------------------------------------------------------------

export const literalPaper = 'BLOCK, 82 scalars a layer, literal'
export const literalShipped = 'BLOCK, 10 scalars a layer, literal'
export const lazy = 'BLOCK, 10 scalars a layer, lazy'

export interface Cells {
  readonly what: string
  readonly backend: string
  readonly transfer: boolean | null
  readonly n: number
  /** Systems in a call; fewer than asked for where a call would have taken too long. */
  readonly batch: number
  /** Milliseconds for the batch that was asked for. */
  readonly median: number
  readonly lower: number
  readonly upper: number
}

// --- judging ---------------------------------------------------------------------------------------------------------

export const best = (cells: readonly Cells[], what: string, n: number): Cells | null =>
  cells
    .filter((c) => c.what === what && c.n === n)
    .reduce<Cells | null>((p, q) => (p !== null && p.median <= q.median ? p : q), null)

const place = (c: Cells): string =>
  c.backend === 'float64' ? 'float64' : `${c.backend}${c.transfer === true ? ', A handed over' : ', A there'}`

/** `0.8x at N = 2 (webasm, A there)`: how much longer the network takes. */
const ratios = (cells: readonly Cells[], what: string, rivals: readonly string[], sizes: readonly number[]) =>
  sizes.map((n) => {
    const own = best(cells, what, n)
    const rival = rivals.flatMap((r) => best(cells, r, n) ?? []).sort((p, q) => p.median - q.median)[0]
    return own === null || rival === undefined ? null : { n, ratio: own.median / rival.median, where: place(own) }
  })

const said = (found: ReturnType<typeof ratios>): string =>
  found
    .flatMap((r) => (r === null ? [] : [`${Number(r.ratio.toPrecision(2))} times as long at N = ${r.n} (${r.where})`]))
    .join(', ')

/** Faster at every small size means faster; times within a tenth of each other are no win. */
const faster = (found: ReturnType<typeof ratios>): boolean => found.every((r) => r !== null && r.ratio < 0.9)

const smallest = 16

export const claimsOf = (cells: readonly Cells[], sizes: readonly number[], products: number): readonly Claim[] => {
  const small = sizes.filter((n) => n <= smallest)
  const against = (what: string, rivals: readonly string[]) => ratios(cells, what, rivals, small)
  const versus = (claim: string, paper: string, what: string, rivals: readonly string[], note: string): Claim => {
    const found = against(what, rivals)
    return { claim, paper, ours: said(found), verdict: faster(found) ? 'reproduced' : 'not reproduced', note }
  }
  const note =
    'The fastest of all backends for the network; the faster of float64 JavaScript and compiled float32 for the others.'
  const product = ratios(cells, 'A A^T', ['Cholesky'], sizes)
  const laziness = ratios(cells, lazy, [literalShipped], sizes)
  return [
    versus(
      'BLOCK with three layers, evaluated literally, is faster than CG with 6 iterations for small N.',
      'faster',
      literalPaper,
      ['CG, 6 iterations'],
      note
    ),
    versus(
      'BLOCK with three layers, evaluated literally, is faster than exact solvers for small N.',
      'faster',
      literalPaper,
      ['Cholesky', 'LU'],
      note
    ),
    versus(
      `The same as a polynomial in A (${products} products, ten scalars a layer) is faster than exact solvers for small N.`,
      '-',
      lazy,
      ['Cholesky', 'LU'],
      note
    ),
    {
      claim: 'Lazy evaluation is faster than literal tokens of the same weights at every size.',
      paper: '-',
      ours: said(laziness),
      verdict: faster(laziness) ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'One batched product A A^T, below which no layer can go, takes less time than exact solves.',
      paper: '-',
      ours: said(product),
      verdict: faster(product) ? 'reproduced' : 'not reproduced',
      note: 'A product has six times the operations of Cholesky: literal layers cannot win where both run equally well.'
    }
  ]
}
