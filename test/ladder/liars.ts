/** Devices that lie: the ladder must see through each on every rung of its own. */
import type { Device } from '../../runtime/ladder/device'

const lying = (
  name: string,
  device: Device,
  lie: (got: Float32Array, input: Float32Array) => Float32Array
): Device => ({
  ...device,
  name,
  compile: async (plan, printers) => {
    const made = await device.compile(plan, printers)
    return {
      ...made,
      run: async (inputs) => {
        const got = await made.run(inputs)
        const first = inputs['b'] ?? Object.values(inputs)[0] ?? new Float32Array()
        return Object.fromEntries(Object.entries(got).map(([k, a]) => [k, lie(a, first)]))
      },
      launch: async (index, inputs) => lie(await made.launch(index, inputs), inputs[0] ?? new Float32Array())
    }
  }
})

export const liars = (device: Device): readonly Device[] => [
  lying('returns zeros', device, (got) => got.map(() => 0)),
  lying('returns its input', device, (got, input) => got.map((_, k) => input[k % Math.max(input.length, 1)] ?? 0)),
  lying('returns NaN', device, (got) => got.map(() => Number.NaN)),
  lying('keeps eleven bits', device, (got) => got.map((x) => Math.fround(x * 4097) - Math.fround(x * 4096)))
]
