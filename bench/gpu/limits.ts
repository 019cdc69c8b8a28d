/** The limits of a device, measured: memory bandwidth by a copy, arithmetic by multiply-adds in registers, dispatches. */
import type { GraphicsDevice } from '../../runtime/wgsl/device'
import { timeCalls } from '../../runtime/wgsl/times'
import type { DeviceLimits } from './result'

const STORAGE = 128

/** `to = from`, four numbers an invocation. */
const copy = (groups: number): string => `
@group(0) @binding(0) var<storage, read_write> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * ${groups}u + group.x) * 256u + lane;
  to[at] = from_[at];
}
`

/** Eight chains of four multiply-adds each, so that none waits for itself. */
const chains = 8

const multiplyAdds = (turns: number): string => `
@group(0) @binding(0) var<storage, read_write> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let x = from_[lane];
  var y = x * 0.5;
${Array.from({ length: chains }, (_, k) => `  var a${k} = x + ${k}.0;`).join('\n')}
  for (var turn = 0; turn < ${turns}; turn++) {
${Array.from({ length: chains }, (_, k) => `    a${k} = fma(a${k}, x, y);`).join('\n')}
  }
  let total = ${Array.from({ length: chains }, (_, k) => `a${k}`).join(' + ')};
  if (total.x == 1234.5) {
    to[group.x] = total;
  }
}
`

/** Nothing but a write that the next dispatch waits for. */
const touch = `
@group(0) @binding(0) var<storage, read_write> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  to[lane] = from_[lane] + to[lane];
}
`

const median = (values: readonly number[]): number =>
  [...values].sort((p, q) => p - q)[values.length >> 1] ?? Number.NaN

/** Seconds of one dispatch, the median of samples of `calls` each. */
const secondsOf = async (
  graphics: GraphicsDevice,
  source: string,
  numbers: number,
  groups: readonly [number, number],
  calls: number
): Promise<number> => {
  const { device } = graphics
  const buffers = [0, 1].map(() => device.createBuffer({ size: 4 * numbers, usage: STORAGE }))
  const module = device.createShaderModule({ code: source })
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })
  const samples: number[] = []
  for (let sample = 0; sample < 6; sample++) {
    const { seconds } = await timeCalls(graphics, 'a limit', calls, (encoder, timestampWrites, times = 1) => {
      const pass = encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites })
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      for (let call = 0; call < times; call++) pass.dispatchWorkgroups(...groups)
      pass.end()
    })
    // The first warms up.
    if (sample > 0) samples.push(seconds)
  }
  for (const buffer of buffers) buffer.destroy()
  return median(samples)
}

export const measureLimits = async (graphics: GraphicsDevice, hardware: boolean): Promise<DeviceLimits> => {
  const row = 4096
  const rows = Math.min(hardware ? 16 : 1, Math.floor(graphics.largest / (row * 4096)))
  const numbers = row * 1024 * rows
  const copied = await secondsOf(graphics, copy(row), numbers, [row, rows], hardware ? 20 : 2)
  const [groups, turns] = hardware ? [8192, 1024] : [16, 128]
  const computed = await secondsOf(graphics, multiplyAdds(turns), 4 * groups * 256, [groups, 1], hardware ? 5 : 1)
  const dispatch = await secondsOf(graphics, touch, 1024, [1, 1], hardware ? 1000 : 50)
  return {
    bandwidth: (8 * numbers) / copied,
    arithmetic: (groups * 256 * turns * chains * 8) / computed,
    dispatch
  }
}
