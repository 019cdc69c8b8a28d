/** Groups on several threads: the same numbers as on one, whatever the batch, call after call, and in bounded memory. */
import test from 'tape'

import { choleskyProgram } from '../../codegen/targets/wasm/classical/program'
import { groups } from '../../runtime/wasm/lanes'
import { threadedGroups } from '../../runtime/wasm/threads'
import { canThread } from '../../runtime/wasm/worker'

/** Systems with distinct answers: system s has the diagonal `1 + s + i` and small equal entries beside it. */
const systems = (n: number, batch: number) => {
  const A = Float32Array.from({ length: batch * n * n }, (_, at) => {
    const [s, i, j] = [Math.floor(at / (n * n)), Math.floor(at / n) % n, at % n]
    return i === j ? 1 + s + i : 1 / (8 * n)
  })
  return { A, b: Float32Array.from({ length: batch * n }, (_, k) => Math.sin(k)) }
}

const first = (a: Float32Array, numbers: number): Float32Array => a.subarray(0, numbers)

test('groups on several threads', (t) => {
  if (!canThread()) {
    t.skip('this engine has no threads that share memory')
    return t.end()
  }
  for (const [n, threads] of [
    [5, 2],
    [18, 3]
  ] as const) {
    const batch = 300
    const { A, b } = systems(n, batch)
    const want = groups(choleskyProgram(n)).run({ A, b })['x'] as Float32Array
    const made = threadedGroups(choleskyProgram(n, 8), threads)
    for (let call = 0; call < 60; call++) {
      const own = 1 + ((call * 37) % batch)
      const { x, failed } = made.run({ A: first(A, own * n * n), b: first(b, own * n) })
      const same = x?.every((v, k) => v === want[k]) === true && x.length === own * n
      if (!same || failed?.some((f) => f !== -1)) t.fail(`call ${call} of ${own} systems differs from one thread`)
    }
    t.pass(`n = ${n}: 60 calls on ${threads} threads give what one thread gives`)
    made.close()
  }
  t.end()
})

test('memory holds one group, whatever the batch', (t) => {
  const [n, batch] = [12, 3000]
  const { A, b } = systems(n, batch)
  const made = groups(choleskyProgram(n, 64))
  const bytes = made.bytes
  t.ok(bytes < 2 ** 17 && 4 * A.length > 8 * bytes, `${bytes} bytes for ${4 * A.length} of matrices`)
  const into = { x: new Float32Array(batch * n), failed: new Float32Array(batch) }
  const want = made.run({ A, b })['x']
  for (let call = 0; call < 200; call++) made.run({ A, b }, ['x', 'failed'], into)
  t.deepEqual(into.x, want, 'answers go where the caller wants them')
  t.equal(made.bytes, bytes, 'and memory does not grow')
  t.end()
})
