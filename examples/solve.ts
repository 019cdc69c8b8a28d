/**
 * Solving systems from a script: one, then ten thousand small ones in a single call.
 *
 *     node --import tsx examples/solve.ts
 */
import { Random, type Solution, sample, solveAsync, solveBatchAsync, spec } from '../runtime' // installed: 'ansatz'

// One system, A as rows and b as an array. The answer comes with a status and a certificate; read the status first:
// `certified` means that the backward error was checked in float64 and that A is not nearly singular.
const A = [
  [4, -1, 0, -1],
  [-1, 4, -1, 0],
  [0, -1, 4, -1],
  [-1, 0, -1, 4]
]
const one = await solveAsync({ A, b: [1, 2, 3, 4] })
console.log(`x = [${Array.from(one.x, (value) => value.toFixed(6)).join(', ')}]`)
console.log(`${one.status}: backward error ${one.backwardError.normwise.toExponential(1)}, by the path "${one.path}"`)
console.log(`condition number about ${one.condition?.estimate.toPrecision(2)}, in the 1-norm`)
for (const sentence of one.explanation) console.log(`  ${sentence}`)

// A poor question is refused with a sentence; a singular matrix is answered, and never called certified.
const refused = await solveAsync({ A: [[1, 2], [3]], b: [1, 2] }).catch((error: Error) => error.message)
console.log(`\nrefused: ${typeof refused === 'string' ? refused : 'no'}`)
const ones = [
  [1, 1],
  [1, 1]
]
const singular = await solveAsync({ A: ones, b: [1, 2] })
console.log(`[[1, 1], [1, 1]]: ${singular.status}`)

// Ten thousand systems of nine unknowns: A is [batch, n, n] and b is [batch, n], row by row in one array each.
// They go through the network together, one compiled call a pass.
const [n, batch] = [9, 10_000]
const systems = sample(spec.Family.spd({ kappa: 5, sizes: n }), Random.key(1), { n, batch })
const start = performance.now()
const solutions = await solveBatchAsync({ n, batch, A: systems.A, b: systems.b })
const seconds = (performance.now() - start) / 1000

const count = (of: (solution: Solution) => string): string => {
  const counts = new Map<string, number>()
  for (const solution of solutions) counts.set(of(solution), (counts.get(of(solution)) ?? 0) + 1)
  return [...counts].map(([word, times]) => `${times} ${word}`).join(', ')
}
const backend = solutions[0]?.backend
console.log(`\n${batch} systems of ${n} unknowns on ${backend?.name} (${backend?.adapter}) in ${seconds.toFixed(1)} s`)
console.log(`status: ${count((s) => s.status)}; path: ${count((s) => s.path)}`)
console.log(`networks: ${count((s) => s.model?.name ?? 'none')}`)
const worst = solutions.reduce((most, s) => Math.max(most, s.backwardError.normwise), 0)
console.log(`largest backward error: ${worst.toExponential(1)}`)
