/**
 * Families of problems: laws that random linear systems are drawn from. Pure data; `runtime/sample` draws.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** How the eigenvalues between the two ends are spread: uniformly, or uniformly in the logarithm. */
export type Spectrum = 'uniform' | 'logUniform'

/**
 * Symmetric positive definite systems `A x = b`: a random orthogonal basis, both ends of the spectrum hit, the interior
 * drawn by `spectrum` on [1, kappa], everything times `2 / (1 + kappa)` ("mid scale": the ends are `2/(1+kappa)` and
 * `2 kappa/(1+kappa)`), `x ~ N(0, I)`, `b = A x`. For a range of `kappa` each system draws its own, log-uniformly.
 */
export interface Spd {
  readonly _tag: 'spd'
  readonly kappa: { readonly low: number; readonly high: number }
  readonly spectrum: Spectrum
  /** The sizes n, both ends included. */
  readonly sizes: { readonly low: number; readonly high: number }
}

export type Family = Spd

// --- constructors ----------------------------------------------------------------------------------------------------

export const spd = (options: {
  readonly kappa: number | { readonly low: number; readonly high: number }
  readonly sizes: number | { readonly low: number; readonly high: number }
  readonly spectrum?: Spectrum
}): Family => ({
  _tag: 'spd',
  kappa: typeof options.kappa === 'number' ? { low: options.kappa, high: options.kappa } : options.kappa,
  spectrum: options.spectrum ?? 'uniform',
  sizes: typeof options.sizes === 'number' ? { low: options.sizes, high: options.sizes } : options.sizes
})

// --- destructors -----------------------------------------------------------------------------------------------------

const range = (r: { readonly low: number; readonly high: number }): string =>
  r.low === r.high ? `${r.low}` : `[${r.low}, ${r.high}]`

/** `SPD, kappa 5, n in [2, 9], uniform spectrum`. */
export const show = (f: Family): string =>
  `SPD, kappa ${range(f.kappa)}, n ${range(f.sizes)}, ${f.spectrum === 'uniform' ? 'uniform' : 'log-uniform'} spectrum`
