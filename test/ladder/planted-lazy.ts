/** Faults to plant in the cheap forms of networks. */
import * as X from '../../codegen/expr'
import { change, doubled, dropLastTerm, lowering, optimising, type Planted, value } from './planted'

/** Read the first right-hand side of each system in place of its own. */
const firstSide = value(
  X.mapReads((r) => ({ ...r, at: r.at.map(X.mapIndex((i) => (i.name === 'rhs' ? X.position(0) : i))) }))
)

/** Faults in the programs of `chebyshev` layers, which the tokens of a network do not have. */
export const plantedInCheapForms: readonly Planted[] = [
  {
    name: 'Clenshaw forgets what it subtracts',
    where: 'rule',
    compiler: () => lowering(change('forward', 'chebyshev.u1', dropLastTerm))
  },
  {
    name: 'a coefficient is doubled',
    where: 'rule',
    compiler: () => lowering(change('forward', 'chebyshev.u5', doubled))
  },
  {
    name: 'a power of A loses its identity',
    where: 'rule',
    compiler: () => lowering(change('forward', 'chebyshev.K2', dropLastTerm))
  },
  {
    name: 'a product is formed twice',
    where: 'optimiser',
    compiler: () =>
      optimising(
        change(
          'forward',
          'chebyshev.u1',
          value((v) => X.add(v, ...X.sums(v).map((sum) => X.multiply(0, sum))))
        )
      )
  },
  {
    name: 'right-hand sides are exchanged',
    where: 'optimiser',
    compiler: () =>
      optimising((e) =>
        e.tensors['b']?.dims.length === 3
          ? { ...e, equations: e.equations.map((eq) => (eq.defines.endsWith('chebyshev.u1') ? firstSide(eq) : eq)) }
          : e
      )
  }
]
