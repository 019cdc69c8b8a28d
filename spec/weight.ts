/**
 * Weights: how the numbers of a linear map on tokens are tied together. A weight holds no numbers itself.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** How the all-ones terms of a Block weight count: as they are, or divided by the norm of what they multiply. */
export type MuScale = 'one' | 'n'

export type Weight =
  /** A free matrix, D x D, whose entries start from N(0, std^2). */
  | { readonly _tag: 'full'; readonly std: number }
  /**
   * Each square block is `mu1 I + mu2 11^T`, each rectangular block `mu 1`, the single entry `mu`
   * (Vladymyrov et al. 2024, section 3). Without `allOnes`, `mu2` and the rectangular blocks are zero. With `muScale: 'n'`
   * the all-ones terms are divided by their norm: `mu2 / n` and `mu / sqrt n`.
   */
  | { readonly _tag: 'block'; readonly allOnes: boolean; readonly muScale: MuScale }
  /** `left right` with a free D x inner and a free inner x D matrix: `W_P W_V` or `W_K^T W_Q` of eq. 1. */
  | { readonly _tag: 'product'; readonly inner: number }

// --- constructors ----------------------------------------------------------------------------------------------------

/** Where free matrices start unless told otherwise: columns of norm about 1/2 at the widths of small systems. */
export const usualStd = 0.05

export const fullOf = (options: { readonly std?: number } = {}): Weight => ({
  _tag: 'full',
  std: options.std ?? usualStd
})

export const full: Weight = fullOf()

export const blockOf = (options: { readonly allOnes?: boolean; readonly muScale?: MuScale } = {}): Weight => ({
  _tag: 'block',
  allOnes: options.allOnes ?? true,
  muScale: options.muScale ?? 'one'
})

/** A Block weight with its all-ones terms. */
export const block: Weight = blockOf()

/** A Block weight without all-ones terms: a scalar function of A when every weight of a model is of this kind. */
export const lean: Weight = blockOf({ allOnes: false })

export const product = (inner: number): Weight => ({ _tag: 'product', inner })

// --- destructors -----------------------------------------------------------------------------------------------------

export const show = (w: Weight): string => {
  switch (w._tag) {
    case 'full':
      return 'full'
    case 'block':
      return w.allOnes ? (w.muScale === 'n' ? 'block (mu/n)' : 'block') : 'block (lean)'
    case 'product':
      return `product (${w.inner})`
  }
}
