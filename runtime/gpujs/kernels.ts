/** gpu.js kernel objects from a Program's texts, their arguments and their results. */
import type { ProgramKernel } from '../../codegen/program'
import { backendError, Failure } from '../backends/error'
import type { Device } from './device'
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

/** The first row of a nested result. */
const firstRow = (rows: unknown): Float32Array | null =>
  rows instanceof Float32Array ? rows : Array.isArray(rows) ? firstRow(rows[0]) : null

/** Applies `visit` to every row in order; false as soon as one visit says so. */
const everyRow = (rows: unknown, visit: (row: Float32Array) => boolean): boolean => {
  if (rows instanceof Float32Array) return visit(rows)
  if (!Array.isArray(rows)) return false
  for (let index = 0; index < rows.length; index++) if (!everyRow(rows[index], visit)) return false
  return true
}

/** Rows that lie one after another in one buffer, as webasm and webgpu hand them back. */
const contiguous = (rows: unknown, size: number): Float32Array | null => {
  const first = firstRow(rows)
  if (first === null) return null
  let at = first.byteOffset
  const inOrder = everyRow(rows, (row) => {
    if (row.buffer !== first.buffer || row.byteOffset !== at) return false
    at += row.byteLength
    return true
  })
  return inOrder && at - first.byteOffset === 4 * size ? new Float32Array(first.buffer, first.byteOffset, size) : null
}

/** What gpu.js hands back, nested rows, as one C-ordered array; copied only where it is scattered. */
export const flatten = (rows: unknown, size: number, where: string): Float32Array => {
  if (rows instanceof Float32Array && rows.length === size) return rows
  const whole = contiguous(rows, size)
  if (whole !== null) return whole
  const flat = new Float32Array(size)
  let at = 0
  const fits = everyRow(rows, (row) => {
    if (at + row.length > size) return false
    for (let x = 0; x < row.length; x++) flat[at + x] = row[x] as number
    at += row.length
    return true
  })
  if (!fits || at !== size) {
    throw new Error(`internal: ${where} should have ${size} elements, gpu.js handed back an array of another shape`)
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
