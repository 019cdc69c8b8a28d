/**
 * The shipped three-layer BLOCK network on its tokens, forward and trained: small systems, all layers computed as they are
 * written, no polynomial put in their place. Weights are a little off, so that there is something to train.
 */
import { toJavaScript } from '../../../codegen/compile'
import { adam } from '../../../codegen/rules/optimiser'
import { read } from '../../../runtime/checkpoint/checkpoint'
import { load64 } from '../../../runtime/javascript/run'
import { packageRoot } from '../../../runtime/package/root'
import * as Key from '../../../runtime/random/key'
import { draw } from '../../../runtime/sample/draw'
import * as F from '../../../spec/family'
import * as Infer from '../../../spec/infer'
import { must } from '../ours/network'
import type { Case } from '../workload'
import { double, elements, fresh, normal } from './numbers'
import { kappa } from './systems'
import { checkedSteps } from './transformer'

/** Learning rate of the steps. */
export const rate = 1e-3

/** The network and its weights as they are in the benchmark. */
export const network = async () => {
  const { model, weights } = must(await read(`${packageRoot()}/checkpoints/block-linear-3.safetensors`)())
  const off = Object.entries(weights).map(([name, values]) => {
    const noise = normal(`block ${name}`, values.length, 0.02)
    return [name, Float32Array.from(values, (value, k) => value * (1 + noise[k]!))] as const
  })
  return { typed: must(Infer.infer(model)), weights: Object.fromEntries(off) }
}

/** The answers, and the losses before the first steps, in float64. */
const inDoubles = (
  { typed, weights }: Awaited<ReturnType<typeof network>>,
  data: Readonly<Record<string, Float64Array>>,
  sizes: { readonly n: number; readonly batch: number }
): { readonly x: Float64Array; readonly losses: Float64Array } => {
  const wide = Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, double(values)]))
  const forward = load64(must(toJavaScript({ _tag: 'forward' }, typed, sizes)))
  const made = must(toJavaScript({ _tag: 'step', optimiser: adam }, typed, sizes))
  const step = load64(made)
  const state = made.plan.inputs
    .filter(({ role }) => role === 'state')
    .map(({ name, dims }) => [name, double(fresh(name, elements(dims)))] as const)
  let given: Record<string, Float64Array> = { ...wide, ...Object.fromEntries(state) }
  const losses = Array.from({ length: checkedSteps }, () => {
    const found = step.run({ ...given, ...data, rate: Float64Array.of(rate) })
    const next = made.plan.updates.map(({ input, output }) => [input, (found[output] as Float64Array).slice()] as const)
    given = { ...given, ...Object.fromEntries(next) }
    return (found['loss'] as Float64Array)[0]!
  })
  return { x: (forward.run({ ...wide, ...data })['x'] as Float64Array).slice(), losses: Float64Array.from(losses) }
}

export const block = async (n: number, batch: number): Promise<Case> => {
  const own = await network()
  const sizes = { n, batch }
  return {
    workload: 'block',
    title: `three-layer BLOCK on its tokens, forward and training step (with Adam): ${batch} systems of N = ${n}, float32`,
    sizes,
    make: () => {
      const sample = draw(F.spd({ kappa, sizes: n }), Key.fold(Key.key(3), n), sizes)
      const data = {
        A: { values: Float32Array.from(sample.A), dims: [batch, n, n] },
        b: { values: Float32Array.from(sample.b), dims: [batch, n] },
        target: { values: Float32Array.from(sample.x), dims: [batch, n] }
      }
      const wide = Object.fromEntries(Object.entries(data).map(([name, { values }]) => [name, double(values)]))
      const { x, losses } = inDoubles(own, wide, sizes)
      return {
        operands: data,
        references: { x: { values: x, tolerance: 1e-4 }, losses: { values: losses, tolerance: 1e-3 } }
      }
    },
    operations: () => null,
    baseline: ['ours wasm forward', 'ours gpu.js forward']
  }
}
