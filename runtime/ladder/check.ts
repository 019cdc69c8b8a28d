/**
 * The agreement ladder: every model at three sizes and two batch sizes, every rung, on one device.
 */
import type { Typed } from '../../spec/infer'
import * as Key from '../random/key'
import type { Weights } from '../weights/weights'
import { type Case, makeCase } from './case'
import { type Compiler, compiler as ours, PhaseFault, remembering } from './compiler'
import { climb, type Device } from './device'
import { cheapForm, lazy, usualKappa } from './lazy'
import * as reference from './reference'
import type { Row, RungName } from './rung'

/** A model to climb with: random weights by its initial laws, or given ones. */
export interface Climber {
  readonly typed: (n: number) => Typed
  readonly weights: Weights | null
  /** The condition number that the weights are made for, if they are made for one. */
  readonly kappa?: number
}

export interface CheckOptions {
  readonly sizes?: readonly number[]
  readonly batches?: readonly number[]
  readonly seed?: number
  readonly compiler?: Compiler
  /** Only these rungs, of those that need no device; without it, all. */
  readonly only?: readonly RungName[]
  readonly onRow?: (row: Row) => void
}

export const sizes: readonly number[] = [2, 4, 7]
export const batches: readonly number[] = [1, 3]

const faulty = (c: Case, rung: RungName, fault: string): Row => ({
  model: c.typed.model.name,
  n: c.n,
  batch: c.batch,
  rung,
  what: '',
  error: Number.POSITIVE_INFINITY,
  bound: 0,
  ok: false,
  fault
})

/** A rung that cannot be climbed is a row like any other; our own bugs in between are not hidden by it. */
const attempting =
  (c: Case, report: (row: Row) => void, only: readonly RungName[] | undefined) =>
  async (rung: RungName, run: () => Promise<Row> | Row): Promise<void> => {
    if (only !== undefined && !only.includes(rung)) return
    try {
      report(await run())
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      report(faulty(c, rung, error instanceof PhaseFault ? message : (message.split('\n')[0] ?? message)))
    }
  }

/** Climb with one model; rows in order. `device` may be `null`: then only the rungs that need none. */
export const check = async (
  climber: Climber,
  device: Device | null,
  options: CheckOptions = {}
): Promise<readonly Row[]> => {
  const compiler = remembering(options.compiler ?? ours)
  const rows: Row[] = []
  const report = (row: Row): void => {
    rows.push(row)
    options.onRow?.(row)
  }
  for (const n of options.sizes ?? sizes) {
    for (const batch of options.batches ?? batches) {
      const typed = climber.typed(n)
      const key = [n, batch].reduce<Key.Key>((k, label) => Key.fold(k, label), Key.key(options.seed ?? 1))
      const c = makeCase(typed, n, batch, key, climber.weights)
      const attempt = attempting(c, report, options.only)
      await attempt('lowering', () => reference.lowering(c, compiler))
      await attempt('optimisation', () => reference.optimisation(c, compiler))
      await attempt('differences', () => reference.differences(c, compiler))
      await attempt('adjoint', () => reference.adjoint(c, compiler))
      await attempt('gradient', () => reference.gradient(c, compiler))
      await attempt('optimiser', () => reference.optimiser(c, compiler))
      await attempt('javascript', () => reference.plainJavaScript(c, compiler))
      const kappa = climber.kappa ?? usualKappa
      const special = cheapForm(c, kappa)
      if (special !== null) await attempt('lazy', () => lazy(c, compiler, special, kappa))
      if (device !== null) await climb(c, compiler, device, attempt)
    }
  }
  return rows
}
