/** One `wgsl` runtime for the tests of a file, or the reason why there is none. */
import * as E from 'fp-ts/Either'
import type { Test } from 'tape'

import type { Equations } from '../../codegen/equation'
import type { Plan } from '../../codegen/plan'
import { schedule } from '../../codegen/schedule'
import { wgsl } from '../../codegen/targets/wgsl/index'
import { evaluate, interpret } from '../../runtime/equations/interpret'
import { u32, worstRatio } from '../../runtime/ladder/measure'
import * as Key from '../../runtime/random/key'
import { open, type WgslRuntime } from '../../runtime/wgsl/runtime'
import { required } from '../gpujs/backends'
import { right } from '../support/right'

/** Runs `body` with a runtime; without a device the test is skipped, unless one is required. */
export const withDevice = async (t: Test, body: (runtime: WgslRuntime) => Promise<void>): Promise<void> => {
  const opened = await open('wgsl')()
  if (E.isLeft(opened)) {
    if (required().includes('wgsl')) t.fail(opened.left.message)
    else t.comment(`skipped: ${opened.left.message}`)
    return
  }
  await body(opened.right)
  await opened.right.close()
}

export const planOf = (e: Equations): Plan => right(schedule(wgsl, {})(e))

export type Doubles = Readonly<Record<string, Float64Array>>

/** Numbers for every input, rounded to float32. */
export const inputsOf = (e: Equations, seed: number): Doubles =>
  Object.fromEntries(
    planOf(e).inputs.map((i, k) => {
      const length = i.dims.reduce((p, q) => p * q, 1)
      return [i.name, Key.normal(Key.fold(Key.key(seed), k), length).map(Math.fround)]
    })
  )

export const singles = (arrays: Doubles): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, Float32Array.from(a)]))

/** The worst error of an output of one equation, in units of `(8 + 1.5 sqrt K) u absgraph`. */
export const ratioOf = (e: Equations, inputs: Doubles, terms: number, got: Float32Array | undefined): number => {
  const [eq] = e.equations
  if (eq === undefined) return Number.POSITIVE_INFINITY
  const want = interpret(e, {}, inputs)[eq.defines] as Float64Array
  const absolute = evaluate(e, eq, {}, inputs, 'absolute')
  const factor = (8 + 1.5 * Math.sqrt(terms)) * u32
  return worstRatio(got ?? [], want, (at) => factor * (absolute[at] as number))
}
