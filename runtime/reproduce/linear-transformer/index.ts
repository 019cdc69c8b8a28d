/**
 * The report on "Efficient Linear System Solver with Transformers": its figures and claims, and what lies beyond them.
 */
import type { Report } from '../run'
import { beyondSpd } from './beyond-spd'
import { cgEquivalents } from './cg-equivalents'
import { closedFormRow } from './closed-form'
import { depth } from './depth'
import { extrapolation } from './extrapolation'
import { figure2 } from './figure-2'
import { figure3 } from './figure-3'
import { figure4 } from './figure-4'
import { fullAndBlock } from './full-and-block'
import { guaranteeRow } from './guarantee'
import { hybrid } from './hybrid'
import { invariance } from './invariance'

const intro = `M. Vladymyrov, J. von Oswald, N. Miller and M. Sandler, "Efficient Linear System Solver with Transformers" (AI for
MATH workshop, ICML 2024), claim that three layers of linear attention with block-structured weights solve symmetric
positive definite systems as well as 6 to 8 iterations of conjugate gradients (CG), faster for small sizes, and for sizes
never trained on. Every figure and claim is run anew here and ends in a verdict; rows after the paper's own go where it stops.

The paper publishes no optimiser, step count, batch size, learning rate, initialisation, spectrum law or scaling: ours are
reconstructions. Unless a row says otherwise: a random orthogonal basis; both ends of the spectrum hit, the interior uniform
on [1, kappa]; A scaled by 2/(1 + kappa); x ~ N(0, I), b = A x; condition number kappa = 5. Errors are mean squares per
component. "CG-equivalents" are the iterations of CG with the same mean square error on the same systems, interpolated
log-linearly. Verdicts: *reproduced*, *not reproduced*, *not testable here*.`

export const linearTransformer: Report = {
  name: 'linear-transformer',
  title: 'Linear Transformers as linear solvers, reproduced',
  intro,
  command: 'ansatz reproduce linear-transformer',
  configs: ['quick', 'full'],
  usual: 'full',
  training: 'javascript',
  rows: [
    figure2,
    figure4,
    cgEquivalents,
    fullAndBlock,
    figure3,
    extrapolation,
    depth,
    invariance,
    closedFormRow,
    guaranteeRow,
    beyondSpd,
    hybrid
  ]
}
