/** gpu.js kernel objects from a Program's texts, their arguments and their results. */
import type { ProgramKernel } from '../../codegen/program'
import type { Device } from './device'
import { backendError, Failure } from './error'
import type { Gpu, GpuInput, GpuKernel, GpuKernelSettings } from './library'
import { sizeOf } from './wiring'

/** gpu.js's order: fastest axis first. */
const reversed = (dims: readonly number[]): number[] => [...dims].reverse()

const settings = (kernel: ProgramKernel): GpuKernelSettings => ({
  output: reversed(kernel.output),
  precision: 'single',
  loopMaxIterations: 1e9,
  ...(Object.keys(kernel.constants).length > 0 ? { constants: kernel.constants } : {})
})

/** One kernel object per distinct text and shape. */
export const createKernels = (gpu: Gpu, kernels: readonly ProgramKernel[]): readonly GpuKernel[] => {
  const known = new Map<string, GpuKernel>()
  return kernels.map((kernel) => {
    const key = JSON.stringify([kernel.source, kernel.output, kernel.constants, kernel.parameters.map((p) => p.dims)])
    const existing = known.get(key)
    if (existing !== undefined) return existing
    const created = gpu.createKernel(kernel.source, settings(kernel))
    known.set(key, created)
    return created
  })
}

/** A flat array as a kernel reads it: `a[z][y][x]` with `dims` = [z, y, x]. */
export const argument = (device: Device, values: Float32Array, dims: readonly number[]): GpuInput =>
  device.library.input(values, reversed(dims))

/** Arrays of zeros with the sizes that a kernel expects; they stand in while it is built. */
export const standIns = (device: Device, kernel: ProgramKernel): readonly GpuInput[] =>
  kernel.parameters.map(({ dims }) => argument(device, new Float32Array(sizeOf(dims)), dims))

const leaves = (rows: unknown): readonly Float32Array[] =>
  rows instanceof Float32Array ? [rows] : Array.isArray(rows) ? rows.flatMap(leaves) : []

/** Rows that lie one after another in one buffer, as webasm and webgpu hand them back. */
const contiguous = (rows: readonly Float32Array[], size: number): Float32Array | null => {
  const first = rows[0]
  if (first === undefined) return null
  let at = first.byteOffset
  for (const row of rows) {
    if (row.buffer !== first.buffer || row.byteOffset !== at) return null
    at += row.byteLength
  }
  return at - first.byteOffset === 4 * size ? new Float32Array(first.buffer, first.byteOffset, size) : null
}

/** What gpu.js hands back, nested rows, as one C-ordered array; copied only where it is scattered. */
export const flatten = (rows: unknown, size: number, where: string): Float32Array => {
  if (rows instanceof Float32Array && rows.length === size) return rows
  const parts = leaves(rows)
  const whole = contiguous(parts, size)
  if (whole !== null) return whole
  const flat = new Float32Array(size)
  let at = 0
  for (const part of parts) {
    if (at + part.length > size) break
    flat.set(part, at)
    at += part.length
  }
  if (at !== size || parts.length === 0) {
    throw new Error(`internal: ${where} should have ${size} elements, gpu.js handed back ${at}`)
  }
  return flat
}

/** Fails unless the kernel was built for the backend that was asked for. */
export const assertBackend = (device: Device, kernel: GpuKernel, name: string): void => {
  const ran = kernel.kernel.constructor.mode
  const reason = kernel.kernel.fallbackReason
  if (ran === device.reports && reason === null) return
  const why = reason === null ? '' : ` because ${reason}`
  throw new Failure(
    backendError(device.backend, 'fallback', `kernel ${name} would run on ${ran ?? 'nothing known'} instead${why}`)
  )
}

/** Fails with what gpu.js said on the console, if anything. */
export const assertSilence = (device: Device, where: string, messages: readonly string[]): void => {
  const said = messages[0]
  if (said === undefined) return
  const reason = said.startsWith('Falling back') ? 'fallback' : said.startsWith('An error') ? 'compile' : 'execution'
  throw new Failure(backendError(device.backend, reason, `${where}: ${said.split('\n')[0] ?? ''}`))
}
