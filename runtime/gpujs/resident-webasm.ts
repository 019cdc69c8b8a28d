/** The resident engine on webasm: arguments, intermediates and results are stretches of one wasm memory. */
import type { Engine } from './engine'
import type { GpuKernel, GpuPipeline } from './library'
import type { Refresh } from './refresh'
import { resultSteps, type Wiring } from './wiring'

/** The parts of gpu.js 2.24.1's WebAssemblyPipelineExecutor that are used here. */
interface Executor {
  readonly kind: 'fused-sync'
  readonly f32: Float32Array
  readonly _argArrayRegions: ReadonlyMap<number, { readonly offset: number; readonly flatLength: number }>
  readonly _stepRuns: readonly { readonly run: unknown; readonly runSimd: unknown; cells: number; sizeX: number }[]
  readonly _resultReads: readonly { readonly kind: string; readonly base: number; readonly count: number }[]
}

const isExecutor = (value: unknown, wiring: Wiring): value is Executor => {
  if (typeof value !== 'object' || value === null) return false
  const { kind, f32, _argArrayRegions, _stepRuns, _resultReads } = value as Partial<Executor>
  return (
    kind === 'fused-sync' &&
    f32 instanceof Float32Array &&
    _argArrayRegions instanceof Map &&
    wiring.leaves.every((leaf, index) => _argArrayRegions.get(index)?.flatLength === leaf.size) &&
    Array.isArray(_stepRuns) &&
    _stepRuns.length === wiring.steps.length &&
    _stepRuns.every((step) => typeof step.run === 'function' && step.cells > 0 && step.sizeX > 0) &&
    Array.isArray(_resultReads) &&
    _resultReads.length === resultSteps(wiring).length &&
    _resultReads.every((read) => read.kind === 'step')
  )
}

export const residentWebasm = (
  wiring: Wiring,
  pipeline: GpuPipeline,
  executor: unknown,
  copies: readonly Refresh[],
  kernels: readonly GpuKernel[]
): Engine | null => {
  const dispatch = kernels[0]?.kernel.constructor.dispatchSpans
  if (dispatch === undefined || !isExecutor(executor, wiring)) return null
  const { f32, _argArrayRegions: regions, _stepRuns: runs, _resultReads: reads } = executor
  const steps = resultSteps(wiring)
  const firstOf = new Map(steps.map((step, index) => [step, reads[index]?.base ?? 0]))
  const sizeOfStep = new Map(steps.map((step, index) => [step, reads[index]?.count ?? 0]))
  const elementOf = (leaf: number): number => (regions.get(leaf)?.offset ?? 0) / 4
  const read = (wanted: readonly number[]) =>
    new Map(
      wanted.map((step) => {
        const first = firstOf.get(step) ?? 0
        return [step, f32.slice(first, first + (sizeOfStep.get(step) ?? 0))]
      })
    )
  return {
    kind: executor.kind,
    keepsState: true,
    run: async (values, changed, want) => {
      for (const [index, leaf] of wiring.leaves.entries()) {
        const whole = changed.has(leaf.input) ? values.get(leaf.input) : undefined
        if (whole !== undefined) f32.set(whole.subarray(leaf.offset, leaf.offset + leaf.size), elementOf(index))
      }
      for (const { run, runSimd, cells, sizeX } of runs) dispatch(run, runSimd, cells, sizeX, 0)
      for (const { leaf, step, offset, size } of copies) {
        const from = (firstOf.get(step) ?? 0) + offset
        f32.copyWithin(elementOf(leaf), from, from + size)
      }
      return read(want)
    },
    fetch: async (wanted) => read(wanted),
    destroy: () => pipeline.destroy()
  }
}
