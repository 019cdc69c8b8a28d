import * as F from '../family'
import * as R from '../recipe'
import { polarLinear } from './polar-linear'

/**
 * Row operations trained on scalar nodes of both signs, from near the closed form. Without an identity block they are a
 * function of each singular value, and so for every square matrix; with one they may mix A with its transpose, which is the
 * same for symmetric matrices only: those of any signs.
 */
export const polarRecipe = (options: {
  readonly layers: number
  readonly kappa: number
  readonly symmetric: boolean
}): R.Recipe => {
  const { layers, kappa, symmetric } = options
  const kind = symmetric ? 'symmetric-' : ''
  return R.make({
    name: `polar-${kind}${layers}${kappa === 5 ? '' : `-kappa-${kappa}`}`,
    model: polarLinear({ layers, identityBlocks: symmetric ? 1 : 0 }),
    // Far from the closed form there are better minima where A and H mix, and many that are worse: hence many starts.
    start: R.closedForm({ kappa, noise: symmetric ? 0.6 : 0.02 }),
    stages: [R.scalarNodes({ kappas: [kappa], nodes: 40, iterations: 300, starts: symmetric ? 48 : 8 })],
    seed: 1,
    valid: F.spd({ kappa, sizes: { low: 2, high: 64 } })
  })
}
