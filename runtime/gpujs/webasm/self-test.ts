/**
 * Small kernels that a WebAssembly code generator must get right, and what they compute in plain JavaScript. All numbers
 * are whole and small, so every order of summation is exact and results are compared bit for bit; every array has values
 * of its own size, so that a lane which read a neighbouring array shows. Shapes are odd, so that quads and single
 * threads both run.
 */
import type { GpuLibrary } from '../library'

interface Case {
  readonly name: string
  readonly source: string
  /** Sizes, fastest axis first. */
  readonly output: readonly number[]
  readonly inputs: readonly (readonly number[])[]
  readonly constants?: Readonly<Record<string, number>>
  /** The value of thread (x, y, z), from readers `at(array, x, y, z)`. */
  readonly value: (at: (array: number, x: number, y?: number, z?: number) => number, thread: Thread) => number
}

interface Thread {
  readonly x: number
  readonly y: number
  readonly z: number
}

const sum = (count: number, term: (k: number) => number): number => {
  let total = 0
  for (let k = 0; k < count; k++) total += term(k)
  return total
}

export const cases: readonly Case[] = [
  {
    name: 'unit stride, shifted, reversed, broadcast',
    source: `function (a, b, c) {
  const i = this.thread.x;
  return 2 * a[i] + b[i + 1] - b[this.constants.n - i] + c[0] * a[this.thread.x];
}`,
    output: [7],
    inputs: [[7], [8], [1]],
    constants: { n: 7 },
    value: (at, { x }) => 2 * at(0, x) + at(1, x + 1) - at(1, 7 - x) + at(2, 0) * at(0, x)
  },
  {
    name: 'edges behind conditions',
    source: `function (a, b) {
  let s = b[0];
  if (this.thread.x > 0) {
    s += a[this.thread.x - 1];
  }
  if (this.thread.x < this.constants.last) {
    s += 3 * a[this.thread.x + 1];
  }
  return s;
}`,
    output: [8],
    inputs: [[8], [1]],
    constants: { last: 7 },
    value: (at, { x }) => at(1, 0) + (x > 0 ? at(0, x - 1) : 0) + (x < 7 ? 3 * at(0, x + 1) : 0)
  },
  {
    name: 'a product of matrices by steps of four, and of a transposed one',
    source: `function (a, b, c) {
  const i = this.thread.y;
  const j = this.thread.x;
  let s = 0;
  for (let k = 0; k < this.constants.whole; k += 4) {
    s += a[i][k] * b[k][j] + a[i][k + 1] * b[k + 1][j] + a[i][k + 2] * b[k + 2][j] + a[i][k + 3] * b[k + 3][j];
  }
  for (let r = 8; r < 9; r++) {
    s += a[i][r] * b[r][j];
  }
  for (let p = 0; p < 3; p++) {
    for (let q = 0; q < 2; q++) {
      s += c[j][2 * p + q] * (p - q);
    }
  }
  return s;
}`,
    output: [6, 3],
    inputs: [
      [9, 3],
      [6, 9],
      [6, 6]
    ],
    constants: { whole: 8 },
    value: (at, { x, y }) =>
      sum(9, (k) => at(0, k, y) * at(1, x, k)) + sum(3, (p) => sum(2, (q) => at(2, 2 * p + q, x) * (p - q)))
  },
  {
    name: 'merged axes taken apart, three axes, early returns',
    source: `function (a, b) {
  const h = this.thread.z;
  const m = Math.floor((this.thread.y + 0.5) / this.constants.n);
  const i = this.thread.y - m * this.constants.n;
  const s = this.thread.x;
  if (m === 0) {
    return a[h][i * 2 + m][s] - b[m][s];
  }
  let acc = b[m][s];
  for (let k = 0; k < this.constants.n; k++) {
    acc += a[h][k * 2 + 1][s] * a[0][i * 2][s];
  }
  return acc;
}`,
    output: [5, 6, 2],
    inputs: [
      [5, 6, 2],
      [5, 2]
    ],
    constants: { n: 3 },
    value: (at, { x, y, z }) => {
      const [m, i] = [Math.floor(y / 3), y % 3]
      if (m === 0) return at(0, x, i * 2, z) - at(1, x, 0)
      return at(1, x, m) + sum(3, (k) => at(0, x, k * 2 + 1, z) * at(0, x, i * 2, 0))
    }
  }
]

/** Whole numbers from -4 to 4, apart by array: hundreds for the second, tens of thousands for the third. */
const filled = (array: number, sizes: readonly number[]): Float32Array =>
  Float32Array.from(
    { length: sizes.reduce((p, q) => p * q, 1) },
    (_, k) => ((k * 7 + array) % 9) - 4 + (array === 0 ? 0 : 50 * 10 ** array)
  )

const flat = (rows: unknown): readonly number[] =>
  rows instanceof Float32Array ? Array.from(rows) : Array.isArray(rows) ? rows.flatMap(flat) : []

const expected = ({ output, inputs, value }: Case, arrays: readonly Float32Array[]): readonly number[] => {
  const [width = 1, height = 1, depth = 1] = output
  const at = (array: number, x: number, y = 0, z = 0): number => {
    const [w = 1, h = 1] = inputs[array] ?? []
    return arrays[array]?.[x + w * (y + h * z)] ?? Number.NaN
  }
  return Array.from({ length: width * height * depth }, (_, k) =>
    Math.fround(value(at, { x: k % width, y: Math.floor(k / width) % height, z: Math.floor(k / (width * height)) }))
  )
}

/** Runs every case with kernels of the given class; null, or what went wrong in a few words. */
export const selfTest = (library: GpuLibrary, Kernel: unknown): string | null => {
  const gpu = new library.GPU({ mode: 'webasm' })
  gpu.Kernel = Kernel
  try {
    for (const one of cases) {
      const { name, source, output, inputs, constants } = one
      const arrays = inputs.map((sizes, array) => filled(array, sizes))
      const kernel = gpu.createKernel(source, {
        output,
        precision: 'single',
        loopMaxIterations: 1e9,
        ...(constants === undefined ? {} : { constants })
      })
      const got = flat(kernel(...arrays.map((values, array) => library.input(values, [...(inputs[array] ?? [])]))))
      const want = expected(one, arrays)
      if (got.length !== want.length || got.some((v, k) => v !== want[k])) return `computes wrongly: ${name}`
    }
    return null
  } catch (cause) {
    return `fails: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`
  } finally {
    void gpu.destroy()
  }
}
