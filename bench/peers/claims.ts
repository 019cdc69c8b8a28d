/** The ratios that Ansatz is held to, picked out of the comparisons: what is compared with what, and what is promised. */

import type { Comparison, Line, Results } from './result'
import { ratioOf } from './rounds'
import type { WorkloadName } from './workload'

interface Which {
  readonly workload: WorkloadName
  readonly contestant: string
  readonly method: string
  readonly threads?: number
  readonly processes?: number
}

export interface Claim {
  readonly says: string
  readonly ours: Which
  readonly theirs: Which
  /** The most that our time may be, as a multiple of theirs; null where the ratio is only printed. */
  readonly atMost: number | null
  /** Sizes that it is made for; all, if left out. */
  readonly sizes?: (sizes: Readonly<Record<string, number>>) => boolean
}

export interface Judged {
  readonly says: string
  readonly title: string
  /** Our time over theirs, or null where one of the two was not timed. */
  readonly ratio: number | null
  readonly atMost: number | null
}

const ours = (workload: WorkloadName, method: string, threads = 1): Which => ({
  workload,
  contestant: 'ours wasm',
  method,
  threads
})

const contraction = (contestant: string, atMost: number): Claim => ({
  says: `ours wasm / ${contestant}, both resident`,
  ours: ours('contraction', 'resident'),
  theirs: { workload: 'contraction', contestant, method: 'resident' },
  atMost
})

const block = (
  contestant: string,
  method: string,
  threads: number,
  atMost: number,
  from: number,
  to: number
): Claim => ({
  says: `BLOCK on ${threads} / ${contestant} ${method} on 1`,
  ours: { ...ours('systems', 'BLOCK', threads) },
  theirs: { workload: 'systems', contestant, method },
  atMost,
  sizes: ({ n = 0 }) => n >= from && n <= to
})

const forward = (contestant: string, atMost: number | null): Claim => ({
  says: `ours wasm / ${contestant}`,
  ours: ours('transformer', 'forward'),
  theirs: { workload: 'transformer', contestant, method: 'forward' },
  atMost
})

/** A training step over the forward pass of the same network, both in every round. */
const step = (workload: WorkloadName, contestant: string): Claim => ({
  says: `${contestant}, training step / forward`,
  ours: { workload, contestant, method: 'step' },
  theirs: { workload, contestant, method: 'forward' },
  atMost: 3.3
})

/** The least that forward could take over theirs: what its multiplications and additions take by themselves. */
const least = (contestant: string): Claim => ({
  says: `arithmetic of the forward pass alone / ${contestant}`,
  ours: ours('transformer', 'arithmetic alone'),
  theirs: { workload: 'transformer', contestant, method: 'forward' },
  atMost: null
})

export const claims: readonly Claim[] = [
  contraction('jax-js', 1 / 1.5),
  contraction('TensorFlow.js', 1),
  {
    says: 'ours wasm, two threads / two processes at half the work each',
    ours: ours('contraction', 'resident', 2),
    theirs: { ...ours('contraction', 'resident'), processes: 2 },
    atMost: 1 / 2 / 0.95
  },
  block('numpy', 'solve', 1, 0.6, 1, 128),
  block('numpy', 'solve', 2, 0.35, 1, 128),
  block('numpy', 'A A^T', 1, 1.5, 32, 128),
  block('numpy', 'A A^T', 2, 1, 32, 128),
  block('ml-matrix', 'Cholesky', 1, 1 / 15, 9, 64),
  forward('ours gpu.js', 1 / 3),
  least('ours gpu.js'),
  forward('jax-js', 1),
  forward('TensorFlow.js', 1),
  forward('onnxruntime-web', null),
  forward('onnxruntime-node', null),
  step('block', 'ours wasm'),
  step('block', 'ours gpu.js'),
  step('training', 'ours wasm'),
  step('training', 'ours gpu.js')
]

const lineOf = (which: Which, { lines }: Comparison): Line | undefined =>
  lines.find(
    (l) =>
      l.contestant === which.contestant &&
      l.method === which.method &&
      l.threads === (which.threads ?? 1) &&
      l.processes === (which.processes ?? 1)
  )

/** The median of ratios round by round. */
const ratio = (mine: Line, other: Line, { clock }: Comparison): number => {
  const times = (l: Line) => l.samples.map((s) => s[clock])
  return ratioOf(times(mine), times(other)).median
}

/** Every claim at every size that it is made for, as far as its workloads ran. */
export const judge = ({ comparisons }: Pick<Results, 'comparisons'>): readonly Judged[] =>
  claims.flatMap(({ says, ours: own, theirs, atMost, sizes = () => true }) =>
    comparisons
      .filter((c) => c.workload === own.workload && sizes(c.sizes))
      .map((c): Judged => {
        const [mine, other] = [lineOf(own, c), lineOf(theirs, c)]
        const measured = mine !== undefined && other !== undefined
        return { says, title: c.title, ratio: measured ? ratio(mine, other, c) : null, atMost }
      })
  )
