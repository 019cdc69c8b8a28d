/** The comparison with other libraries: its float64 reference, the bytes of its ONNX models, the ratios that it judges. */
import test from 'tape'

import { judge as judgeClaims } from '../../bench/peers/claims'
import { encode } from '../../bench/peers/onnx/model'
import { adam, dimensions, forward, gradient, losses } from '../../bench/peers/reference/transformer'
import type { Comparison, Line } from '../../bench/peers/result'
import { timingOf } from '../../bench/peers/rounds'
import { showClaims } from '../../bench/peers/table'
import { joined } from '../../codegen/targets/bytes'
import { integer, text } from '../../codegen/targets/onnx/protobuf'
import * as Key from '../../runtime/random/key'

test('the reference transformer', (t) => {
  const shape = { batch: 2, tokens: 3, width: 4, heads: 2, hidden: 5, blocks: 2 }
  const [n, batch] = [shape.tokens, shape.batch]
  const values = (name: string, count: number) => Key.normal(Key.fold(Key.key(3), name), count)
  const weights = Object.fromEntries(
    Object.entries(dimensions(shape)).map(([name, dims]) => [
      name,
      values(
        name,
        dims.reduce((p, q) => p * q, 1)
      )
    ])
  )
  const [A, b, target] = [values('A', batch * n * n), values('b', batch * n), values('target', batch * n)]
  const lossAt = (w: typeof weights) =>
    forward(w, A, b, shape).reduce((sum, x, k) => sum + (x - target[k]!) ** 2, 0) / (batch * n)
  const { loss, gradient: g } = gradient(weights, A, b, target, shape)
  t.ok(Math.abs(loss - lossAt(weights)) < 1e-12, 'the loss is that of the forward pass')
  let worst = 0
  for (const [name, w] of Object.entries(weights)) {
    for (let k = 0; k < w.length; k++) {
      const moved = (by: number) => lossAt({ ...weights, [name]: w.map((v, i) => (i === k ? v + by : v)) })
      worst = Math.max(worst, Math.abs((moved(1e-5) - moved(-1e-5)) / 2e-5 - g[name]![k]!))
    }
  }
  t.ok(worst < 1e-7, `its gradient is that of central differences, to ${worst.toExponential(1)}`)
  // From zero state the first step of Adam is the learning rate times the sign of the gradient.
  const stepped = Object.fromEntries(
    Object.entries(weights).map(([name, w]) => [
      name,
      w.map((v, k) => v - (adam.rate * g[name]![k]!) / (Math.abs(g[name]![k]!) + adam.epsilon))
    ])
  )
  const [before, after] = losses(weights, A, b, target, shape, 2)
  t.equal(before, loss, 'losses begin before the first step')
  t.ok(Math.abs(after! - lossAt(stepped)) < 1e-12, 'and go on after it')
  t.end()
})

test('what Ansatz is held to', (t) => {
  const line = (contestant: string, method: string, walls: readonly number[], threads = 1): Line => {
    const samples = walls.map((wall) => ({ wall, cpu: 2 * wall }))
    const time = timingOf(walls)
    const cpu = timingOf(walls.map((w) => 2 * w))
    return { contestant, method, threads, processes: 1, time, cpu, ratio: null, gflops: null, error: 0, samples }
  }
  const comparison = (workload: Comparison['workload'], n: number, lines: readonly Line[]): Comparison => ({
    workload,
    title: `${workload} ${n}`,
    sizes: { n },
    baseline: null,
    clock: 'wall',
    lines,
    gaps: []
  })
  const judged = judgeClaims({
    comparisons: [
      comparison('systems', 9, [line('ours wasm', 'BLOCK', [1, 8, 3]), line('numpy', 'solve', [2, 10, 10])]),
      comparison('training', 64, [line('ours wasm', 'forward', [10, 20, 31]), line('ours wasm', 'step', [60, 61, 62])])
    ]
  })
  const found = (says: string) => judged.find((j) => j.says.startsWith(says))
  t.equal(found('BLOCK on 1 / numpy solve')?.ratio, 0.5, 'the median of ratios within rounds')
  t.equal(found('BLOCK on 2 / numpy solve')?.ratio, null, 'null where a line is missing')
  t.equal(found('BLOCK on 1 / numpy A A^T'), undefined, 'only at the sizes that it is made for')
  t.equal(found('ours wasm, training step')?.ratio, 61 / 20, 'a step and a pass forward in the same rounds')
  t.match(showClaims(judged), /^BLOCK on 1 \/ numpy solve on 1 .* 0\.5x +0\.6x +holds$/m, 'shown with its bound')
  t.match(showClaims(judged), / - +0\.35x +not measured$/m, 'and where it is not measured')
  t.end()
})

test('bytes of ONNX', (t) => {
  t.deepEqual([...joined([integer(1, 300), text(2, 'ab')].flat())], [8, 172, 2, 18, 2, 97, 98], 'fields')
  const model = encode({
    nodes: [{ op: 'MatMul', inputs: ['A', 'B'], output: 'C' }],
    inputs: [{ name: 'A', dims: [1, 2] }],
    outputs: [{ name: 'C', dims: [1, 1] }],
    floats: { B: { dims: [2, 1], values: Float32Array.of(1, 2) } },
    shapes: {}
  })
  t.deepEqual([...model.subarray(0, 3)], [8, 10, 58], 'the version of the format, then the graph')
  const raw = Buffer.from(Float32Array.of(1, 2).buffer)
  t.ok(Buffer.from(model).includes(raw), 'weights go in as they are')
  t.end()
})
