/** What the hybrids say: iterations and products saved or lost, and where one wins. */
import type { Claim } from '../row'
import type { Method } from './hybrid-methods'

// --- model -----------------------------------------------------------------------------------------------------------

/** The relative residual that every method must reach. */
export const tolerance = 1e-10

export interface Setting {
  readonly n: number
  readonly kappa: number
  readonly batch: number
}

export interface Measured extends Setting {
  readonly method: Omit<Method, 'run' | 'close'>
  /** Milliseconds for the batch. */
  readonly median: number
  readonly lower: number
  readonly upper: number
}

// --- judging ---------------------------------------------------------------------------------------------------------

export const isHybrid = (m: Measured): boolean => m.method.network !== null
const isPlain = (m: Measured): boolean => m.method.name === 'CG'

/** One of each size: with the largest batch, and the deepest network. */
const bySize = (all: readonly Measured[], name: string, kappa: number): readonly Measured[] => {
  const found = new Map<number, Measured>()
  for (const m of all) if (m.method.name === name && m.kappa === kappa) found.set(m.n, m)
  return [...found.values()]
}

const perN = (list: readonly Measured[], of: (m: Measured) => string): string =>
  list.length === 0 ? 'none reached the tolerance' : list.map((m) => `${of(m)} at N = ${m.n}`).join(', ')

const round = (value: number): string => String(Math.round(10 * value) / 10)

export const claimsOf = (all: readonly Measured[]): readonly Claim[] => {
  const plain = (m: Measured): Measured =>
    all.find((q) => isPlain(q) && q.n === m.n && q.kappa === m.kappa && q.batch === m.batch)!
  const warm = bySize(all, 'CG from the network', 5)
  const preconditioned = bySize(all, 'flexible CG, the network as preconditioner', 5)
  const single = all.filter((m) => m.method.name.startsWith('refinement, float32') && m.kappa === 5)
  const passes = bySize(all, single[0]?.method.name ?? '', 5)
  const saved = (m: Measured): number => plain(m).method.iterations! - m.method.iterations!
  const isCheaper = (m: Measured): boolean => m.method.products! < plain(m).method.products!
  const wins = all.filter((m) => {
    const rivals = all.filter((q) => !isHybrid(q) && q.n === m.n && q.kappa === m.kappa && q.batch === m.batch)
    return isHybrid(m) && rivals.every((q) => m.upper < q.lower)
  })
  const verdict = (holds: boolean): Claim['verdict'] => (holds ? 'reproduced' : 'not reproduced')
  const hybrids = all.filter((m) => isHybrid(m))
  const cheaper = hybrids.filter(isCheaper)
  return [
    {
      claim: 'Starting CG from the network saves iterations.',
      paper: 'suggested',
      ours: perN(warm, (m) => `${round(saved(m))} of ${plain(m).method.iterations} saved`),
      verdict: verdict(warm.length > 0 && warm.every((m) => saved(m) > 0))
    },
    {
      claim: 'Starting CG from the network saves products with A in total.',
      paper: 'suggested',
      ours: perN(warm, (m) => `${m.method.products} instead of ${plain(m).method.products}`),
      verdict: verdict(warm.length > 0 && warm.every(isCheaper))
    },
    {
      claim: 'As a preconditioner of flexible CG the network saves products with A.',
      paper: 'suggested',
      ours: perN(
        preconditioned,
        (m) =>
          `${round(m.method.iterations!)} iterations and ${round(m.method.products!)} products instead of ${plain(m).method.products}`
      ),
      verdict: verdict(preconditioned.length > 0 && preconditioned.every(isCheaper))
    },
    {
      claim: `Iterated with a float64 residual, a network in float32 brings the residual below ${tolerance} in at most three passes.`,
      paper: '-',
      ours: perN(passes, (m) => `${m.method.iterations} passes to ${m.method.residual.toExponential(1)}`),
      verdict: verdict(passes.length > 0 && passes.every((m) => m.method.iterations! <= 3))
    },
    {
      claim: 'Some hybrid takes fewer products than CG, somewhere.',
      paper: 'suggested',
      ours:
        cheaper.length === 0
          ? `none of ${hybrids.length}`
          : cheaper
              .map((m) => `${m.method.name} (${m.method.network}) at N = ${m.n}, kappa ${m.kappa}, batch ${m.batch}`)
              .join('; '),
      verdict: verdict(cheaper.length > 0)
    },
    {
      claim: 'Some hybrid is faster than CG and Cholesky, somewhere, to the same residual.',
      paper: 'suggested',
      ours:
        wins.length === 0
          ? `none of ${hybrids.length}`
          : wins
              .map((m) => `${m.method.name} (${m.method.network}) at N = ${m.n}, kappa ${m.kappa}, batch ${m.batch}`)
              .join('; '),
      verdict: verdict(wins.length > 0),
      note: 'A win counts where its upper quartile lies below the lower quartiles of CG and Cholesky, in float64 and in refined float32.'
    }
  ]
}
