/**
 * What a core can do at most: multiplications and additions of four float32 in registers, joined where it can, with no memory
 * and nothing to wait for. A contraction of as many operations takes no less on one thread.
 */
import * as W from '../../../codegen/targets/wasm/code'
import { func, type Module, module } from '../../../codegen/targets/wasm/module'
import { compiled } from '../../../runtime/wasm/compile'
import type { Ready } from '../contestant'
import { chains } from '../workloads/numbers'

/** Operations of one link of all chains. */
const operationsOfLink = chains * 4 * 2
/** Links a turn of the loop: its counting costs little, and more would no longer fit V8's registers. */
const linksOfTurn = 2

const program = (): Module => {
  const [turns, at, half] = [W.local('turns', 'i32'), W.local('at', 'i32'), W.local('half', 'v128')]
  const ends = Array.from({ length: chains }, (_, k) => W.local(`chain ${k}`, 'v128'))
  // 1 = 1/2 * 1 + 1/2, exactly.
  const link = ends.map((x) => W.set(x, W.op('f32x4.add', W.op('f32x4.mul', W.get(x), W.get(half)), W.get(half))))
  const body = [
    W.set(half, W.load('v128.load', W.int(0))),
    ...ends.map((x) => W.set(x, W.four(1))),
    W.count(at, W.int(0), W.get(turns), 1, Array.from({ length: linksOfTurn }, () => link).flat()),
    ...ends.map((x, k) => W.store('v128.store', W.int(16 * (k + 1)), W.get(x)))
  ]
  const memory = { pages: 1, most: null, imported: false, shared: false }
  return module(memory, [func('run', [turns], null, body)])
}

/** A call does `operations` floating-point operations, to a turn of its loop. */
export const arithmetic = (operations: number): Ready => {
  const { memory, run } = new WebAssembly.Instance(compiled(program())).exports as unknown as {
    readonly memory: WebAssembly.Memory
    readonly run: (turns: number) => void
  }
  // Read from memory, so that no compiler can know what the chains end with.
  new Float32Array(memory.buffer, 0, 4).fill(0.5)
  const turns = Math.ceil(operations / (operationsOfLink * linksOfTurn))
  const call = (): void => run(turns)
  const answer = (): Float32Array => {
    call()
    return new Float32Array(memory.buffer, 16, 4 * chains).slice()
  }
  return { call, answer, close: () => undefined }
}
