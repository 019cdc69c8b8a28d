/** A long program: many launches of one kernel, many inputs, a view for every step. */
import { type Case, numbers, product, range } from './programs'

/** h <- 0.5 (w h) + x_t with a weight and an input of its own for every step: `length` launches, many inputs. */
export const recurrence = (length: number, n: number, weights: number): Case => {
  const ws = range(weights).map((index) => numbers(n * n, 20 + index))
  const x = numbers(length * n, 19)
  const h0 = numbers(n, 18)
  let h: readonly number[] = [...h0]
  for (const t of range(length)) {
    const product_ = product(ws[t % weights] ?? [], h, n, n, 1)
    h = product_.map((value, index) => 0.5 * value + (x[t * n + index] ?? 0))
  }
  return {
    program: {
      name: 'recurrence',
      inputs: [
        ...range(weights).map((index) => ({ name: `w${index}`, role: 'parameter' as const, dims: [n, n] })),
        { name: 'h0', role: 'data', dims: [n] },
        { name: 'x', role: 'data', dims: [length, n] }
      ],
      views: range(length).map((t) => ({ name: `x${t}`, of: 'x', offset: t * n, dims: [n] })),
      kernels: [
        {
          name: 'cell',
          source: `function (w, h, x) {
  let s = 0;
  for (let c = 0; c < ${n}; c++) {
    s += w[this.thread.x][c] * h[c];
  }
  return 0.5 * s + x[this.thread.x];
}`,
          parameters: [
            { name: 'w', dims: [n, n] },
            { name: 'h', dims: [n] },
            { name: 'x', dims: [n] }
          ],
          output: [n],
          constants: {}
        }
      ],
      launches: range(length).map((t) => ({
        kernel: 0,
        inputs: [`w${t % weights}`, t === 0 ? 'h0' : `h_${t - 1}`, `x${t}`],
        output: `h_${t}`
      })),
      outputs: [{ name: `h_${length - 1}`, dims: [n] }],
      updates: []
    },
    kept: Object.fromEntries(ws.map((w, index) => [`w${index}`, w])),
    calls: [{ h0, x }],
    expect: [{ [`h_${length - 1}`]: h }],
    after: {}
  }
}
