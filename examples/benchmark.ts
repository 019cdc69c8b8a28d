/**
 * Benchmarking the compiled kernels of an architecture with the benchmark package.
 *
 *     node --import tsx examples/benchmark.ts
 *
 * `npm run bench` does the same for the shipped three-layer model, at more sizes, with classical solvers beside it.
 */
import Benchmark from 'benchmark'
import * as E from 'fp-ts/Either'

import { chooseBackend, initialise, openBackend, plan as planFor, Random, sample, spec } from '../runtime' // installed: 'ansatz'
import { damped } from './damped'

/** The value, or an exception with the sentence that says what went wrong. */
const must = <A>(result: E.Either<string | { readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(typeof result.left === 'string' ? result.left : result.left.message)
  return result.right
}
const single = (arrays: Readonly<Record<string, Float64Array>>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Float32Array.from(array)]))

const [n, batch] = [9, 50]
const model = damped(2)
const typed = spec.Infer.infer(model)
if (E.isLeft(typed)) throw new Error(spec.Infer.show(typed.left))

// Compile the forward pass for this size, and put the weights on the device: they stay there between calls.
const runtime = must(await openBackend(must(await chooseBackend('auto')()))())
const plan = must(planFor(runtime.target, { _tag: 'forward' }, typed.right, { n, batch }))
const executable = must(await runtime.compile(plan)())
must(executable.load(single(initialise(typed.right, n, Random.key(1)))))

const { A, b } = sample(spec.Family.spd({ kappa: 5, sizes: n }), Random.key(2), { n, batch })
const systems = single({ A, b })
console.log(`${model.name}, n = ${n}, ${batch} systems a call, on ${runtime.backend} (${runtime.adapter})`)
console.log(`${plan.kernels.length} kernels, ${plan.launches.length} launches, executed ${executable.kind}\n`)

/** Times an asynchronous function and prints the median of its samples. */
const time = (name: string, run: () => Promise<unknown>): Promise<void> =>
  new Promise((done, fail) => {
    const benchmark = new Benchmark(name, {
      defer: true,
      maxTime: 0.3,
      fn: (deferred: { resolve(): void }) => void run().then(() => deferred.resolve(), fail),
      onComplete: () => {
        const samples = [...benchmark.stats.sample].sort((p, q) => p - q)
        const median = samples[Math.floor(samples.length / 2)]! * 1000
        console.log(`${name.padEnd(44)} ${median.toPrecision(3).padStart(8)} ms   median of ${samples.length}`)
        done()
      }
    })
    benchmark.run({ async: true })
  })

await time('whole forward pass', async () => must(await executable.run(systems, ['x'])()))

// Each kernel alone, on zeros: `launch` copies its arguments in and its result out, so the figures only rank kernels.
const dimsOf = new Map([...plan.inputs, ...plan.views, ...plan.buffers].map(({ name, dims }) => [name, dims]))
for (const [index, launch] of plan.launches.entries()) {
  const kernel = plan.kernels[launch.kernel]!
  const first = plan.launches.findIndex((other) => other.kernel === launch.kernel)
  if (first !== index) continue // the same kernel again, in a later layer
  const zeros = launch.inputs.map((name) => new Float32Array(dimsOf.get(name)!.reduce((x, y) => x * y, 1)))
  await time(`${kernel.name} -> [${dimsOf.get(launch.output)!.join(', ')}]`, async () =>
    must(await executable.launch(index, zeros)())
  )
}

await runtime.close()
