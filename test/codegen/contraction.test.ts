/** Contractions: how their indices are classified, and that their strides mean what the kernel's own sum means. */
import test from 'tape'

import { plan } from '../../codegen/compile'
import * as X from '../../codegen/expr'
import type { PlanKernel } from '../../codegen/plan'
import {
  type Contraction,
  type ContractionAxis,
  contraction,
  contractions,
  show
} from '../../codegen/schedules/contraction'
import { gpujs } from '../../codegen/targets/gpujs'
import { evaluate } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import * as Dim from '../../spec/dim'
import { infer } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { right } from '../support/right'

const index = (name: string, size: number): X.Index => X.index(name, size)
const [s, h, i, j, c, d] = [index('s', 3), index('h', 2), index('i', 5), index('j', 7), index('c', 4), index('d', 6)]

const kernel = (over: readonly X.Index[], value: X.Expr): PlanKernel => ({
  name: 'k',
  part: 'forward',
  label: 'out',
  over,
  value,
  parameters: X.reads(value).map((r) => ({ label: r.tensor, axes: r.at.map((p) => (p as X.Index).dim) }))
})

const shown = (over: readonly X.Index[], value: X.Expr): string => {
  const k = kernel(over, value)
  return contractions(k, {})().map(show).join(' + ')
}

test('axes are classified whatever their letters', (t) => {
  const [A, B, w] = [X.tensor('A'), X.tensor('B'), X.tensor('w')]
  t.equal(shown([i, j], X.sum([c], A(i, c), B(c, j))), 'batch 1 | m i:5 | n j:7 | k c:4')
  t.equal(shown([j, i], X.sum([c], A(i, c), B(c, j))), 'batch 1 | m j:7 | n i:5 | k c:4', 'n has the fastest axis')
  t.equal(shown([s, i, j], X.sum([c], A(s, i, c), B(c, j))), 'batch 1 | m si:15 | n j:7 | k c:4', 'neighbours merge')
  t.equal(shown([s, h, i, j], X.sum([d], A(s, i, h, d), B(s, j, h, d))), 'batch s:3 h:2 | m i:5 | n j:7 | k d:6')
  t.equal(shown([c, d], X.sum([s, i], A(s, i, c), B(s, i, d))), 'batch 1 | m c:4 | n d:6 | k si:15')
  t.equal(shown([i], X.sum([c], A(i, c), w(c))), 'batch 1 | m 1 | n i:5 | k c:4', 'a product with a vector')
  t.equal(shown([i], X.sum([c], A(i, c))), '', 'a sum of one operand is none')
  t.equal(shown([i, j], X.sum([c], X.add(A(i, c), B(c, j)))), '', 'nor is a sum of sums')
  t.equal(
    shown([i, j], X.add(w(j), X.multiply(2, X.sum([c], A(i, c), B(c, j), w(j))))),
    'batch 1 | m i:5 | n j:7 | k c:4',
    'an epilogue and a factor of the sum change nothing'
  )
  const scaled = contraction(kernel([i, j], X.zero), {})(X.sum([c], A(i, c), 3, B(c, j), X.tensor('z')(j)))
  t.deepEqual(scaled?.scale, X.multiply(3, X.tensor('z')(j)), 'factors without k stand before it')
  t.end()
})

/** Every element by the strides alone: the sum over k of left times right. */
const byStrides = (k: Contraction, total: number, arrays: Readonly<Record<string, Float64Array>>): Float64Array => {
  const out = new Float64Array(total)
  const axes = [...k.batch, ...k.m, ...k.n, ...k.k]
  const visit = (rest: readonly ContractionAxis[], l: number, r: number, o: number): void => {
    const [first, ...others] = rest
    if (first === undefined) {
      const [p, q] = [arrays[k.left.read?.label ?? '']?.[l], arrays[k.right.read?.label ?? '']?.[r]]
      out[o] = (out[o] ?? 0) + (p ?? Number.NaN) * (q ?? Number.NaN)
      return
    }
    for (let at = 0; at < first.size; at++) visit(others, l + at * first.left, r + at * first.right, o + at * first.out)
  }
  visit(axes, k.left.read?.offset ?? 0, k.right.read?.offset ?? 0, 0)
  return out
}

const branches = (e: X.Expr): boolean => e._tag === 'where' || X.parts(e).some(branches)

test('strides mean what the sum means, in every kernel of the zoo', (t) => {
  const sizes = { n: 3, batch: 2 }
  let judged = 0
  for (const entry of Object.values(catalogue)) {
    const made = right(plan(gpujs, { _tag: 'vjp' }, right(infer(entry.model(3))), sizes))
    // A sum behind a condition may be read out of its bounds where the condition does not hold.
    for (const k of made.kernels.filter((each) => !branches(each.value))) {
      for (const found of contractions(k, sizes)()) {
        if (found.left.read === null || found.right.read === null) continue
        const product = X.multiply(found.left.value, found.right.value)
        const value: X.Expr = { ...found.sum, body: product }
        const arrays = Object.fromEntries(
          k.parameters.map((p, at) => {
            const length = p.axes.reduce((n, a) => n * right(Dim.evaluate(sizes)(a)), 1)
            return [p.label, Key.normal(Key.fold(Key.key(7), at), length)]
          })
        )
        const tensors = Object.fromEntries(
          k.parameters.map((p) => [p.label, { name: p.label, dims: p.axes, role: 'data' as const }])
        )
        const eq = { defines: 'out', over: k.over, value, rule: '', part: k.part, path: '', labels: {} }
        const e = { name: k.name, tensors, equations: [eq], outputs: ['out'], updates: [] }
        const want = evaluate(e, eq, sizes, arrays, 'float64')
        const got = byStrides(found, want.length, arrays)
        judged++
        if (!want.every((x, at) => Math.abs(x - (got[at] ?? Number.NaN)) <= 1e-12 * (1 + Math.abs(x)))) {
          t.fail(`${made.name} ${k.name}: ${show(found)}`)
        }
      }
    }
  }
  t.ok(judged > 50, `${judged} contractions`)
  t.end()
})
