/**
 * Families of problems: laws that random linear systems are drawn from. Pure data; `runtime/sample` draws.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** From `low` to `high`, both ends included; one value where they are the same. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** How the eigenvalues between the two ends are spread: uniformly, or uniformly in the logarithm. */
export type Spectrum = 'uniform' | 'logUniform'

/**
 * Symmetric positive definite systems `A x = b`: a random orthogonal basis, both ends of the spectrum hit, the interior
 * drawn by `spectrum` on [1, kappa], everything times `2 / (1 + kappa)` ("mid scale": the ends are `2/(1+kappa)` and
 * `2 kappa/(1+kappa)`), `x ~ N(0, I)`, `b = A x`. For a range of `kappa` each system draws its own, log-uniformly.
 */
export interface Spd {
  readonly _tag: 'spd'
  readonly kappa: Range
  readonly spectrum: Spectrum
  /** The sizes n, both ends included. */
  readonly sizes: Range
}

/** `U Sigma V^T` with independent random U and V, or `Q Lambda Q^T` with eigenvalues of alternating signs. */
export type Structure = 'nonsymmetric' | 'indefinite'

/** Square systems whose singular values follow the law of `Spd`, with `x ~ N(0, I)` and `b = A x`. */
export interface General {
  readonly _tag: 'general'
  readonly structure: Structure
  readonly kappa: Range
  readonly spectrum: Spectrum
  readonly sizes: Range
}

/** `r(x) = rho (1 + gamma cos(2 pi nu x))`, at least 0 where gamma is at most 1. */
export interface Reaction {
  readonly rho: Range
  readonly gamma: Range
  readonly nu: Range
}

/** `f(x) = sum_k c_k decay^k T_k(x)`, k from 0 to `terms - 1`, with `c_k ~ N(0, 1)` and Chebyshev polynomials `T_k`. */
export interface Source {
  readonly terms: number
  readonly decay: number
}

/**
 * Boundary value problems `-(K(x) u')' + beta u' + r(x) u = f` on (-1, 1) with `u(-1) = u(1) = 0` and
 * `K(x) = 1 + alpha cos(2 pi omega x)`, by Chebyshev collocation: `A = (-D diag(K) D + beta D + diag(r))` on the n interior
 * of n + 2 Chebyshev-Lobatto nodes, D the differentiation matrix of all of them, boundary rows and columns left out; b is f
 * and x is u at the nodes (Sittoni and Tudisco 2025, section 4; laws are reconstructed). Every coefficient is drawn
 * uniformly from its range, for each system anew.
 */
export interface Collocation {
  readonly _tag: 'collocation'
  readonly alpha: Range
  readonly omega: Range
  /** The law of beta; `null` has no advection. */
  readonly advection: Range | null
  readonly reaction: Reaction | null
  readonly source: Source
  readonly sizes: Range
}

/**
 * The systems `H s = -g` of Newton's method on `||M z - y||_p^p`: `g = p M^T (|r|^(p-1) sgn r)`,
 * `H = p (p-1) M^T diag(|r|^(p-2)) M`, `r = M z - y`, both divided by the largest entry of H. M is [ratio n, n] with entries
 * N(0, 1) / sqrt(n), each column times a factor of its own, log-uniform in `columns`; `y = M z* + noise N(0, I)`,
 * `z* ~ answer N(0, I)`, `z_0 ~ start N(0, I)`, and the system is that of a random iteration below `iterations` of Newton's
 * method with a line search.
 */
export interface Newton {
  readonly _tag: 'newton'
  /** Exponents, of which each system draws one. */
  readonly p: readonly number[]
  /** Rows of M by n. */
  readonly ratio: number
  /** Factors of the columns of M: unknowns of different scales, up to the condition of `M^T M` growing by `(high/low)^2`. */
  readonly columns: Range
  readonly noise: number
  readonly answer: number
  readonly start: number
  readonly iterations: number
  readonly sizes: Range
}

/**
 * The systems of another family with noise on what is read: `A + A-noise ||A||_F E / ||E||_F`, `b + b-noise ||b|| e / ||e||`,
 * E and e normal. x stays the answer of the system without noise.
 */
export interface Noisy {
  readonly _tag: 'noisy'
  readonly of: Family
  /** Relative noise of the matrix, in the Frobenius norm. */
  readonly A: number
  /** Relative noise of the right-hand side, in the 2-norm. */
  readonly b: number
}

export type Family = Spd | General | Collocation | Newton | Noisy

// --- constructors ----------------------------------------------------------------------------------------------------

const rangeOf = (r: number | Range): Range => (typeof r === 'number' ? { low: r, high: r } : r)

export const spd = (options: {
  readonly kappa: number | Range
  readonly sizes: number | Range
  readonly spectrum?: Spectrum
}): Spd => ({
  _tag: 'spd',
  kappa: rangeOf(options.kappa),
  spectrum: options.spectrum ?? 'uniform',
  sizes: rangeOf(options.sizes)
})

export const general = (options: {
  readonly kappa: number | Range
  readonly sizes: number | Range
  readonly structure?: Structure
  readonly spectrum?: Spectrum
}): General => ({
  _tag: 'general',
  structure: options.structure ?? 'nonsymmetric',
  kappa: rangeOf(options.kappa),
  spectrum: options.spectrum ?? 'uniform',
  sizes: rangeOf(options.sizes)
})

export interface CollocationOptions {
  readonly sizes: number | Range
  readonly alpha?: Range
  readonly omega?: Range
  readonly source?: Source
}

const collocation = (o: CollocationOptions, more: Pick<Collocation, 'advection' | 'reaction'>): Collocation => ({
  _tag: 'collocation',
  alpha: o.alpha ?? { low: 0, high: 0.9 },
  omega: o.omega ?? { low: 0.5, high: 3 },
  ...more,
  source: o.source ?? { terms: 8, decay: 0.7 },
  sizes: rangeOf(o.sizes)
})

/** `-(K u')' = f`. */
export const diffusion = (options: CollocationOptions): Collocation =>
  collocation(options, { advection: null, reaction: null })

/** `-(K u')' + r u = f`. */
export const reactionDiffusion = (
  options: CollocationOptions & { readonly reaction?: Partial<Reaction> }
): Collocation =>
  collocation(options, {
    advection: null,
    reaction: { rho: { low: 0, high: 20 }, gamma: { low: 0, high: 1 }, nu: { low: 0.5, high: 3 }, ...options.reaction }
  })

/** `-(K u')' + beta u' = f`. */
export const advectionDiffusion = (options: CollocationOptions & { readonly advection?: Range }): Collocation =>
  collocation(options, { advection: options.advection ?? { low: -10, high: 10 }, reaction: null })

export const newton = (options: {
  readonly sizes: number | Range
  readonly p?: readonly number[]
  readonly ratio?: number
  readonly columns?: Range
  readonly noise?: number
  readonly answer?: number
  readonly start?: number
  readonly iterations?: number
}): Newton => ({
  _tag: 'newton',
  p: options.p ?? [3, 4, 6],
  ratio: options.ratio ?? 3,
  columns: options.columns ?? { low: 1, high: 1 },
  noise: options.noise ?? 0.5,
  answer: options.answer ?? 1,
  start: options.start ?? 0,
  iterations: options.iterations ?? 12,
  sizes: rangeOf(options.sizes)
})

// --- combinators -----------------------------------------------------------------------------------------------------

/** The same systems, read with relative noise on A, on b, or on both. */
export const noisy =
  (level: { readonly A?: number; readonly b?: number }) =>
  (of: Family): Noisy => ({ _tag: 'noisy', of, A: level.A ?? 0, b: level.b ?? 0 })

// --- destructors -----------------------------------------------------------------------------------------------------

/** The sizes n of a family's systems. */
export const sizesOf = (f: Family): Range => (f._tag === 'noisy' ? sizesOf(f.of) : f.sizes)

/** Condition numbers, where they are part of the law; `null` where they follow from it. */
export const kappaOf = (f: Family): Range | null => {
  switch (f._tag) {
    case 'spd':
    case 'general':
      return f.kappa
    case 'collocation':
    case 'newton':
      return null
    case 'noisy':
      return kappaOf(f.of)
  }
}

/** Names of the numbers that tell the systems of a family apart, besides b; none where there are too many to list. */
export const coefficientsOf = (f: Family): readonly string[] => {
  switch (f._tag) {
    case 'spd':
    case 'general':
      return ['kappa']
    case 'collocation':
      return [
        'alpha',
        'omega',
        ...(f.advection === null ? [] : ['beta']),
        ...(f.reaction === null ? [] : ['rho', 'gamma', 'nu'])
      ]
    case 'newton':
      return ['p', 'iteration']
    case 'noisy':
      return coefficientsOf(f.of)
  }
}

const range = (r: Range): string => (r.low === r.high ? `${r.low}` : `[${r.low}, ${r.high}]`)

const spectrumOf = (s: Spectrum): string => (s === 'uniform' ? 'uniform spectrum' : 'log-uniform spectrum')

const collocationName = (f: Collocation): string =>
  [f.advection === null ? [] : ['advection'], f.reaction === null ? [] : ['reaction'], ['diffusion']].flat().join('-')

/** `SPD, kappa 5, n in [2, 9], uniform spectrum`. */
export const show = (f: Family): string => {
  switch (f._tag) {
    case 'spd':
      return `SPD, kappa ${range(f.kappa)}, n ${range(f.sizes)}, ${spectrumOf(f.spectrum)}`
    case 'general':
      return `${f.structure}, kappa ${range(f.kappa)}, n ${range(f.sizes)}, ${spectrumOf(f.spectrum)}`
    case 'collocation':
      return [
        `${collocationName(f)} by collocation, n ${range(f.sizes)}, alpha ${range(f.alpha)}, omega ${range(f.omega)}`,
        ...(f.advection === null ? [] : [`beta ${range(f.advection)}`]),
        ...(f.reaction === null ? [] : [`rho ${range(f.reaction.rho)}`])
      ].join(', ')
    case 'newton':
      return `Newton steps on ||M z - y||_p^p, p ${f.p.join(', ')}, n ${range(f.sizes)}`
    case 'noisy':
      return `${show(f.of)}, noise ${f.A} on A and ${f.b} on b`
  }
}
