/**
 * Certificates against exact arithmetic: systems of every kind, solved in batches, each claim re-checked without rounding.
 * ANSATZ_CAMPAIGN sets how many (300 if unset).
 */
import test from 'tape'

import { type Solution, solver } from '../../runtime/solve/solve'
import { right } from '../support/right'
import { uniforms } from '../support/systems'
import { holds } from './exact'
import { type Case, kinds, make } from './families'

const total = Number(process.env['ANSATZ_CAMPAIGN'] ?? 300)
const firstSeed = Number(process.env['ANSATZ_CAMPAIGN_SEED'] ?? 1)
const sizes = [2, 3, 5, 8, 13, 21, 40]
const tol = 1e-12

const casesOf = (n: number, count: number, from: number): readonly Case[] =>
  Array.from({ length: count }, (_, k) => {
    const seed = (from + k) * 11
    return make(kinds[k % kinds.length]!, seed, n, 10 ** (14 * uniforms(seed + 5)()))
  })

const stack = (cases: readonly Case[], n: number) => {
  const [A, b] = [new Float64Array(cases.length * n * n), new Float64Array(cases.length * n)]
  for (const [k, c] of cases.entries()) {
    A.set(c.A, k * n * n)
    b.set(c.b, k * n)
  }
  return { n, batch: cases.length, A, b }
}

const tell = (c: Case, s: Solution): string =>
  `${c.kind} n=${c.n} kappa=${c.kappa.toExponential(1)} ${s.status} ${s.path} eta=${s.backwardError.normwise.toExponential(1)}` +
  ` scaled condition ${s.condition?.scaled.toExponential(1)} ${s.explanation.join(' ')}`

test('no certificate is false, no singular matrix a success, every other system is certified', async (t) => {
  const own = solver('cpu')
  const paths: Record<string, number> = {}
  let [worst, near, far, done] = [0, 0, Infinity, 0]
  for (const [k, n] of sizes.entries()) {
    const count = Math.floor((total * (k + 1)) / sizes.length) - Math.floor((total * k) / sizes.length)
    for (let from = 0; from < count; from += 500) {
      const cases = casesOf(n, Math.min(500, count - from), firstSeed + 1000 * k + 7919 * from)
      const solutions = right(await own.solveBatch(stack(cases, n), { tol })())
      for (const [s, solution] of solutions.entries()) {
        const c = cases[s]!
        done++
        const { status, x, condition } = solution
        paths[`${status} ${solution.path}`] = (paths[`${status} ${solution.path}`] ?? 0) + 1
        if (c.singular) far = Math.min(far, condition?.scaled ?? Infinity)
        else near = Math.max(near, condition?.scaled ?? 0)
        if (c.singular && status === 'certified') t.fail(`certified although singular: ${tell(c, solution)}`)
        if (!c.singular && status !== 'certified') t.fail(`not certified: ${tell(c, solution)}`)
        if (status !== 'certified') continue
        worst = Math.max(worst, solution.backwardError.normwise)
        if (!holds(c.A, x, c.b, n, tol)) t.fail(`a false certificate: ${tell(c, solution)}`)
        if (solution.backwardError.normwise > 1e-14) t.fail(`above 1e-14: ${tell(c, solution)}`)
      }
    }
  }
  await own.close()
  t.comment(`${done} systems: ${JSON.stringify(paths)}`)
  t.comment(`largest backward error certified ${worst.toExponential(1)}`)
  t.comment(`scaled condition: nonsingular up to ${near.toExponential(1)}, singular from ${far.toExponential(1)}`)
  t.equal(done, total, `${total} systems were judged`)
})
