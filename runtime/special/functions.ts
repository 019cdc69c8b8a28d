import type { Special } from '../../codegen/expr'
import { erf } from './erf'

/** The functions that equations leave abstract, and their derivatives at `x`. */
export const special: Readonly<
  Record<Special, { readonly at: (x: number) => number; readonly slope: (x: number) => number }>
> = {
  exp: { at: Math.exp, slope: Math.exp },
  erf: { at: erf, slope: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) },
  tanh: { at: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 }
}
