/**
 * The report on "Algebraformer: A Neural Approach to Linear Systems": its claims, and the simplest competitors beside them.
 */
import type { Report } from '../run'
import { condition } from './condition'
import { diffusion } from './diffusion'
import { encoding } from './encoding'
import { latency } from './latency'
import { newtonRow } from './newton'
import { noise } from './noise'
import { rates } from './rates'
import { scaling } from './scaling'
import { transferRow } from './transfer'

const intro = `P. Sittoni and F. Tudisco, "Algebraformer: A Neural Approach to Linear Systems" (arXiv 2511.14263, 2025), solve
ill-conditioned systems from spectral discretisations with a Transformer that reads a matrix column by column. Every claim is run
anew here, and ends in a verdict; beside every network stand the simplest competitors, fitted to the same systems.

The paper's code is not public. Published are the widths, blocks and heads, AdamW with a cosine, numbers of samples and epochs, and
the errors. Ours are: the width inside the MLP, learned positions, no mask, a final norm; Chebyshev collocation with boundary rows
left out, and the laws of all coefficients (alpha, omega, beta, r, f); equilibration of rows of A and of b; batch, rate, warm-up,
weight decay, clipping. Each is a field of a recipe, a model or a family; whole recipes are in results.json.

MSE is the mean of (x - x*)^2 over all entries, "relative" is ||x - x*|| / ||x*||, the backward error is that of Rigal and Gaches in
the infinity norm. Verdicts: *reproduced*, *not reproduced*, *not testable here*; for a claim that is ours and not the paper's (paper:
"-") *reproduced* means that it holds.`

export const algebraformerReport: Report = {
  name: 'algebraformer',
  title: 'Algebraformer, reproduced',
  intro,
  command: 'ansatz reproduce algebraformer --config reduced',
  configs: ['quick', 'reduced', 'full'],
  usual: 'reduced',
  training: 'auto',
  rows: [diffusion, rates, transferRow, condition, noise, encoding, newtonRow, latency, scaling]
}
