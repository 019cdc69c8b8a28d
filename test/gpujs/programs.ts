/** Small programs written by hand, each with what it must compute in plain JavaScript. */
import type { Program, ProgramKernel } from '../../codegen/program'

export type Values = Readonly<Record<string, Float32Array>>

export interface Case {
  readonly program: Program
  /** Parameters and state at the start. */
  readonly kept: Values
  /** The data of every call in turn. */
  readonly calls: readonly Values[]
  /** What the calls must return and what is kept after them, in float64. */
  readonly expect: readonly Readonly<Record<string, readonly number[]>>[]
  readonly after: Readonly<Record<string, readonly number[]>>
}

/** Numbers between -0.5 and 0.5 that look irregular; the same every time. */
export const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(12.9898 * (index + 1) + 78.233 * seed) / 2)

export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

/** [m, k] times [k, n]. */
export const product = (a: ArrayLike<number>, b: ArrayLike<number>, m: number, k: number, n: number): number[] =>
  range(m * n).map((at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    return range(k).reduce((sum, c) => sum + (a[i * k + c] ?? 0) * (b[c * n + j] ?? 0), 0)
  })

export const productKernel = (m: number, k: number, n: number): ProgramKernel => ({
  name: `product_${m}_${k}_${n}`,
  source: `function (a, b) {
  let s = 0;
  for (let c = 0; c < ${k}; c++) {
    s += a[this.thread.y][c] * b[c][this.thread.x];
  }
  return s;
}`,
  parameters: [
    { name: 'a', dims: [m, k] },
    { name: 'b', dims: [k, n] }
  ],
  output: [m, n],
  constants: {}
})

/** (a b) c, for sizes that divide by nothing. */
export const chain = (m: number, k: number, l: number, n: number): Case => {
  const [a, b, c] = [numbers(m * k, 1), numbers(k * l, 2), numbers(l * n, 3)]
  const ab = product(a, b, m, k, l)
  return {
    program: {
      name: 'chain',
      inputs: [
        { name: 'b', role: 'parameter', dims: [k, l] },
        { name: 'c', role: 'parameter', dims: [l, n] },
        { name: 'a', role: 'data', dims: [m, k] }
      ],
      views: [],
      kernels: [productKernel(m, k, l), productKernel(m, l, n)],
      launches: [
        { kernel: 0, inputs: ['a', 'b'], output: 'ab' },
        { kernel: 1, inputs: ['ab', 'c'], output: 'abc' }
      ],
      outputs: [{ name: 'abc', dims: [m, n] }],
      updates: []
    },
    kept: { b, c },
    calls: [{ a }, { a: a.map((value) => -value) }],
    expect: [{ abc: product(ab, c, m, l, n) }, { abc: product(ab, c, m, l, n).map((value) => -value) }],
    after: { b: [...b], c: [...c] }
  }
}

/** Rank 3: y[s,i,j] = sum_c u[s,i,c] x[s,j,c] + bias[i], the bias a view of a longer parameter. */
export const batched = (batch: number, n: number, channels: number): Case => {
  const u = numbers(batch * n * channels, 4)
  const x = numbers(batch * n * channels, 5)
  const packed = numbers(3 + n + 2, 6)
  const at = (array: Float32Array, s: number, i: number, c: number) => array[(s * n + i) * channels + c] ?? 0
  const y = range(batch * n * n).map((index) => {
    const [s, i, j] = [Math.floor(index / (n * n)), Math.floor(index / n) % n, index % n]
    return range(channels).reduce((sum, c) => sum + at(u, s, i, c) * at(x, s, j, c), packed[3 + i] ?? 0)
  })
  const total = range(batch).map((s) => range(n * n).reduce((sum, index) => sum + (y[s * n * n + index] ?? 0), 0))
  return {
    program: {
      name: 'batched',
      inputs: [
        { name: 'packed', role: 'parameter', dims: [3 + n + 2] },
        { name: 'u', role: 'data', dims: [batch, n, channels] },
        { name: 'x', role: 'data', dims: [batch, n, channels] }
      ],
      views: [{ name: 'bias', of: 'packed', offset: 3, dims: [n] }],
      kernels: [
        {
          name: 'gram',
          source: `function (u, x, bias) {
  let s = bias[this.thread.y];
  for (let c = 0; c < this.constants.channels; c++) {
    s += u[this.thread.z][this.thread.y][c] * x[this.thread.z][this.thread.x][c];
  }
  return s;
}`,
          parameters: [
            { name: 'u', dims: [batch, n, channels] },
            { name: 'x', dims: [batch, n, channels] },
            { name: 'bias', dims: [n] }
          ],
          output: [batch, n, n],
          constants: { channels }
        },
        {
          name: 'total',
          source: `function (y) {
  let s = 0;
  for (let i = 0; i < ${n}; i++) {
    for (let j = 0; j < ${n}; j++) {
      s += y[this.thread.x][i][j];
    }
  }
  return s;
}`,
          parameters: [{ name: 'y', dims: [batch, n, n] }],
          output: [batch],
          constants: {}
        }
      ],
      launches: [
        { kernel: 0, inputs: ['u', 'x', 'bias'], output: 'y' },
        { kernel: 1, inputs: ['y'], output: 'total' }
      ],
      outputs: [
        { name: 'y', dims: [batch, n, n] },
        { name: 'total', dims: [batch] }
      ],
      updates: []
    },
    kept: { packed },
    calls: [{ u, x }],
    expect: [{ y, total }],
    after: { packed: [...packed] }
  }
}

/** Momentum: v <- 0.9 v + g, w <- w - 0.1 v; the second half of w is read through a view; `frozen` passes through. */
export const momentum = (size: number, steps: number): Case => {
  const [w0, v0, frozen] = [numbers(2 * size, 7), numbers(2 * size, 8), numbers(3, 9)]
  const gradients = range(steps).map((step) => numbers(2 * size, 10 + step))
  let [w, v]: readonly [readonly number[], readonly number[]] = [[...w0], [...v0]]
  const expect: Record<string, readonly number[]>[] = []
  for (const g of gradients) {
    const tail = range(size).map((index) => 2 * (w[size + index] ?? 0))
    v = v.map((value, index) => 0.9 * value + (g[index] ?? 0))
    w = w.map((value, index) => value - 0.1 * (v[index] ?? 0))
    expect.push({ w_next: w, tail, frozen: [...frozen] })
  }
  const axpy = (name: string, formula: string): ProgramKernel => ({
    name,
    source: `function (a, b) {\n  return ${formula};\n}`,
    parameters: [
      { name: 'a', dims: [2 * size] },
      { name: 'b', dims: [2 * size] }
    ],
    output: [2 * size],
    constants: {}
  })
  return {
    program: {
      name: 'momentum',
      inputs: [
        { name: 'w', role: 'parameter', dims: [2, size] },
        { name: 'frozen', role: 'parameter', dims: [3] },
        { name: 'v', role: 'state', dims: [2, size] },
        { name: 'g', role: 'data', dims: [2, size] }
      ],
      views: [{ name: 'half', of: 'w', offset: size, dims: [size] }],
      kernels: [
        axpy('velocity', '0.9 * a[this.thread.x] + b[this.thread.x]'),
        axpy('step', 'a[this.thread.x] - 0.1 * b[this.thread.x]'),
        {
          name: 'twice',
          source: 'function (a) {\n  return 2 * a[this.thread.x];\n}',
          parameters: [{ name: 'a', dims: [size] }],
          output: [size],
          constants: {}
        }
      ],
      launches: [
        { kernel: 0, inputs: ['v', 'g'], output: 'v_next' },
        { kernel: 1, inputs: ['w', 'v_next'], output: 'w_next' },
        { kernel: 2, inputs: ['half'], output: 'tail' }
      ],
      outputs: [
        { name: 'w_next', dims: [2, size] },
        { name: 'tail', dims: [size] },
        { name: 'frozen', dims: [3] }
      ],
      updates: [
        { input: 'w', output: 'w_next' },
        { input: 'v', output: 'v_next' }
      ]
    },
    kept: { w: w0, v: v0, frozen },
    calls: gradients.map((g) => ({ g })),
    expect,
    after: { w, v, frozen: [...frozen] }
  }
}

/** Two parameters that change places: each update's source is an input. */
export const swap = (): Case => ({
  program: {
    name: 'swap',
    inputs: [
      { name: 'p', role: 'parameter', dims: [4] },
      { name: 'q', role: 'state', dims: [4] },
      { name: 'x', role: 'data', dims: [4] }
    ],
    views: [],
    kernels: [
      {
        name: 'plus',
        source: 'function (a, b) {\n  return a[this.thread.x] + b[this.thread.x];\n}',
        parameters: [
          { name: 'a', dims: [4] },
          { name: 'b', dims: [4] }
        ],
        output: [4],
        constants: {}
      }
    ],
    launches: [{ kernel: 0, inputs: ['p', 'x'], output: 'sum' }],
    outputs: [
      { name: 'sum', dims: [4] },
      { name: 'p', dims: [2, 2] }
    ],
    updates: [
      { input: 'p', output: 'q' },
      { input: 'q', output: 'p' }
    ]
  },
  kept: { p: Float32Array.of(1, 2, 3, 4), q: Float32Array.of(5, 6, 7, 8) },
  calls: [{ x: Float32Array.of(1, 1, 1, 1) }, { x: Float32Array.of(1, 1, 1, 1) }],
  expect: [
    { sum: [2, 3, 4, 5], p: [1, 2, 3, 4] },
    { sum: [6, 7, 8, 9], p: [5, 6, 7, 8] }
  ],
  after: { p: [1, 2, 3, 4], q: [5, 6, 7, 8] }
})
