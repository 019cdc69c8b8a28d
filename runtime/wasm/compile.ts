/**
 * Modules of ours, compiled: with sums and products fused where engine and processor can. See Note [Fused sums] in
 * `codegen/targets/wasm/fused`.
 */
import * as W from '../../codegen/targets/wasm/code'
import { encode } from '../../codegen/targets/wasm/encode'
import { func, type Module, module } from '../../codegen/targets/wasm/module'
import { builtin } from './worker'

// --- whether it can --------------------------------------------------------------------------------------------------

/** `c + a b` and `d - a b`: a, b, c, d are the first four vectors in memory, the results the next two. */
const sums: Module = (() => {
  const vector = (k: number): W.Value<'v128'> => W.load('v128.load', W.int(16 * k))
  const product = W.op('f32x4.mul', vector(0), vector(1))
  return module({ pages: 1, most: null, imported: false, shared: false }, [
    func('run', [], null, [
      W.store('v128.store', W.int(64), W.op('f32x4.add', vector(2), product)),
      W.store('v128.store', W.int(80), W.op('f32x4.sub', vector(3), product))
    ])
  ])
})()

/** With `(1 + e)^2 = 1 + 2 e + e^2`, e = 2^-12, of which a product that is rounded by itself keeps `1 + 2 e`. */
const isRoundedOnce = (): boolean => {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(encode(sums, { fused: true })))
  const { memory, run } = instance.exports as unknown as {
    readonly memory: WebAssembly.Memory
    readonly run: () => void
  }
  const numbers = new Float32Array(memory.buffer, 0, 24)
  const scales = [1, 2, -4, 8]
  for (const [lane, scale] of scales.entries()) {
    numbers[lane] = scale * (1 + 2 ** -12)
    numbers[4 + lane] = 1 + 2 ** -12
    numbers[8 + lane] = -scale * (1 + 2 ** -11)
    numbers[12 + lane] = scale * (1 + 2 ** -11)
  }
  run()
  return scales.every(
    (scale, lane) => numbers[16 + lane] === scale * 2 ** -24 && numbers[20 + lane] === -scale * 2 ** -24
  )
}

/**
 * Version 11.3 of V8, that of Node 20, has relaxed SIMD behind a flag, and the next one without; the two instructions are
 * the same in both. Others either have it or not. The flag stays set: this version looks at it whenever it decodes a function.
 */
const allow = (): void => {
  const version = globalThis.process?.versions?.['v8'] ?? ''
  if (!version.startsWith('11.3.')) return
  builtin<{ readonly setFlagsFromString: (flags: string) => void }>('node:v8')?.setFlagsFromString(
    '--experimental-wasm-relaxed-simd'
  )
}

let known: boolean | null = null

/** Whether this engine, on this processor, multiplies and adds in one instruction that rounds once: tried, not guessed. */
export const canFuse = (): boolean => {
  if (known !== null) return known
  const bytes = encode(sums, { fused: true })
  if (!WebAssembly.validate(bytes)) allow()
  known = WebAssembly.validate(bytes) && isRoundedOnce()
  return known
}

// --- compiling -------------------------------------------------------------------------------------------------------

const bytesOf = (m: Module, fused: boolean): Uint8Array<ArrayBuffer> => encode(m, { fused: fused && canFuse() })

/** At once; `fused: false` rounds every product and every sum, which gives the same bits on all machines. */
export const compiled = (m: Module, fused = true): WebAssembly.Module => new WebAssembly.Module(bytesOf(m, fused))

/** As `compiled`, but while this thread goes on. */
export const compiling = (m: Module, fused = true): Promise<WebAssembly.Module> =>
  WebAssembly.compile(bytesOf(m, fused))
