/**
 * Runs a fused pipeline with parameters and state kept where it runs: one wasm memory, or buffers on the device.
 *
 * gpu.js 2.24.1 copies every argument in and every result out at each call of a pipeline. What it compiles is all we
 * need, though: modules over one memory, or passes over fixed buffers, with the places of arguments and results. These
 * parts are unpublished; each is checked before use, and where one is missing the published calls are used instead.
 * A test compares both ways bit for bit.
 */
import type { Device } from './device'
import type { Engine } from './engine'
import type { GpuKernel, GpuPipeline } from './library'
import { refreshes } from './refresh'
import { residentWebasm } from './resident-webasm'
import { residentWebgpu } from './resident-webgpu'
import type { Wiring } from './wiring'

interface PipelineInternals {
  plan: unknown
  _executor: unknown
  _buildPlan(): unknown
  _prepareExecutor(args: readonly unknown[]): Promise<void> | undefined
}

const isInternals = (value: unknown): value is PipelineInternals =>
  typeof value === 'object' &&
  value !== null &&
  '_executor' in value &&
  '_buildPlan' in value &&
  typeof value._buildPlan === 'function' &&
  '_prepareExecutor' in value &&
  typeof value._prepareExecutor === 'function'

/** Builds a pipeline without running it, or null where gpu.js does not offer that. */
export const internals = (
  pipeline: GpuPipeline
): { readonly prepare: (args: readonly unknown[]) => Promise<void> } | null => {
  const inner = pipeline.pipeline
  if (!isInternals(inner)) return null
  return {
    prepare: async (args) => {
      inner.plan = inner._buildPlan()
      await inner._prepareExecutor(args)
    }
  }
}

/** The resident engine for a built pipeline; null where it does not apply. */
export const residentEngine = (
  device: Device,
  wiring: Wiring,
  pipeline: GpuPipeline,
  kernels: readonly GpuKernel[]
): Engine | null => {
  const copies = refreshes(wiring)
  const inner = pipeline.pipeline
  if (copies === null || !isInternals(inner)) return null
  return device.backend === 'webasm'
    ? residentWebasm(wiring, pipeline, inner._executor, copies, kernels)
    : residentWebgpu(device, wiring, pipeline, inner._executor, copies)
}
