/**
 * Families of problems by name, for systems of n unknowns.
 */
import * as F from '../family'

export interface NamedFamily {
  readonly about: string
  readonly family: (n: number) => F.Family
}

const ill = { low: 1e3, high: 1e6 }

export const families: Readonly<Record<string, NamedFamily>> = {
  diffusion: {
    about: "-(K u')' = f by Chebyshev collocation",
    family: (n) => F.diffusion({ sizes: n })
  },
  'reaction-diffusion': {
    about: "-(K u')' + r u = f",
    family: (n) => F.reactionDiffusion({ sizes: n })
  },
  'advection-diffusion': {
    about: "-(K u')' + beta u' = f",
    family: (n) => F.advectionDiffusion({ sizes: n })
  },
  spd: {
    about: 'symmetric positive definite, condition number 5',
    family: (n) => F.spd({ kappa: 5, sizes: n })
  },
  'spd-ill': {
    about: 'symmetric positive definite, condition numbers from 1e3 to 1e6',
    family: (n) => F.spd({ kappa: ill, sizes: n, spectrum: 'logUniform' })
  },
  general: {
    about: 'any singular vectors, condition numbers from 1 to 100',
    family: (n) => F.general({ kappa: { low: 1, high: 100 }, sizes: n })
  },
  'general-ill': {
    about: 'any singular vectors, condition numbers from 1e3 to 1e6',
    family: (n) => F.general({ kappa: ill, sizes: n, spectrum: 'logUniform' })
  },
  indefinite: {
    about: 'symmetric with eigenvalues of both signs, condition numbers from 1 to 100',
    family: (n) => F.general({ structure: 'indefinite', kappa: { low: 1, high: 100 }, sizes: n })
  },
  newton: {
    about: "steps of Newton's method on ||M z - y||_p^p, p in {3, 4, 6}",
    family: (n) => F.newton({ sizes: n })
  },
  'noisy-diffusion': {
    about: 'diffusion with noise of 1e-3 on A and on b',
    family: (n) => F.noisy({ A: 1e-3, b: 1e-3 })(F.diffusion({ sizes: n }))
  },
  'noisy-spd': {
    about: 'spd with noise of 1e-3 on A and on b',
    family: (n) => F.noisy({ A: 1e-3, b: 1e-3 })(F.spd({ kappa: 5, sizes: n }))
  }
}
