/**
 * Differential testing: does every backend compute what the architecture means?
 *
 *     node --import tsx examples/differential.ts
 *
 * The layer interpreter says what a model means, in float64, from the formulas of the papers; it shares no code with the
 * compiler. Against it, the compiler's equations, its hand-derived gradients and every backend's kernels are judged on
 * random systems and random weights: the agreement ladder. A last try plants a fault, to see that it is noticed.
 */
import * as E from 'fp-ts/Either'
import { climb, deviceOf, openBackend, probeBackends, type Row, rungs, spec } from '../runtime' // installed: 'ansatz'
import { damped } from './damped'

type Device = ReturnType<typeof deviceOf>

const judged = spec.Infer.infer(damped(2))
if (E.isLeft(judged)) throw new Error(spec.Infer.show(judged.left))
const model = { typed: () => judged.right, weights: null } // null: weights are drawn at random
const options = { sizes: [2, 5], batches: [3], seed: 1 }

/** The worst row of each rung, as a share of what is allowed; whether all of them held. */
const report = (title: string, rows: readonly Row[]): boolean => {
  console.log(`\n${title}`)
  for (const [rung, about] of Object.entries(rungs)) {
    const own = rows.filter((row) => row.rung === rung)
    if (own.length === 0) continue
    const worst = own.reduce((a, b) => (b.error / b.bound > a.error / a.bound ? b : a))
    const figures = `${worst.error.toExponential(1)} of ${worst.bound.toExponential(1)} allowed`
    console.log(`  ${worst.ok ? 'ok  ' : 'FAIL'} ${rung.padEnd(12)} ${(worst.fault ?? figures).padEnd(27)} ${about}`)
  }
  return rows.every((row) => row.ok)
}

/** A device that adds a thousandth to the first number of every result. */
const faulty = (device: Device): Device => ({
  ...device,
  compile: async (plan, printers) => {
    const made = await device.compile(plan, printers)
    const spoil = (a: Float32Array) => a.map((v, k) => (k === 0 ? v + 1e-3 : v))
    return {
      ...made,
      run: async (inputs) => Object.fromEntries(Object.entries(await made.run(inputs)).map(([k, v]) => [k, spoil(v)])),
      launch: async (index, inputs) => spoil(await made.launch(index, inputs))
    }
  }
})

// The compiler alone, without a device: its lowering, its gradients, its optimiser steps.
const reference = await climb(model, null, options)
const known = new Set(reference.map((row) => row.rung))
const results = [report('the compiler, in float64', reference)]

const judge = async (device: Device): Promise<readonly Row[]> =>
  (await climb(model, device, options)).filter((row) => !known.has(row.rung))

for (const { name, works, detail } of await probeBackends()()) {
  if (!works) {
    console.log(`\nNot here: ${detail}`)
    continue
  }
  const opened = await openBackend(name)()
  if (E.isLeft(opened)) throw new Error(opened.left.message)
  const runtime = opened.right
  const device = deviceOf(runtime)
  results.push(report(`${runtime.backend} (${runtime.adapter})`, await judge(device)))
  if (name === 'cpu') results.push(!report('cpu with a fault planted: this must fail', await judge(faulty(device))))
  await runtime.close()
}

const held = results.every((ok) => ok)
console.log(
  `\n${held ? 'Every backend agrees with the interpreter, and the fault was noticed.' : 'SOMETHING DISAGREES.'}`
)
process.exitCode = held ? 0 : 1
