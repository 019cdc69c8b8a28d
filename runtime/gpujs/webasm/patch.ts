/**
 * Whether the WebAssembly code generator of gpu.js is used patched or as it is: patched if gpu.js is of the very version
 * that the patch was written for and a self-test passes, which is run once, else as it is.
 */
import manifest from 'gpu.js/package.json' with { type: 'json' }
import type { GpuLibrary } from '../library'
import { patchedKernel } from './kernel'
import { selfTest } from './self-test'
import type { StockLibrary } from './stock'

/** The version whose emission methods the patch replaces. */
export const patchedVersion = '2.24.1'

export type Patch =
  | { readonly patched: true; readonly reason: string; readonly Kernel: unknown }
  | { readonly patched: false; readonly reason: string }

const isStock = (library: object): library is StockLibrary =>
  ['WebAssemblyFunctionNode', 'WebAssemblyKernel', 'FunctionBuilder'].every(
    (name) => typeof (library as Readonly<Record<string, unknown>>)[name] === 'function'
  )

/** Decides for a version of gpu.js; `make` gives the kernel class that is tried. */
export const decide = (library: GpuLibrary, version: string, make: (stock: StockLibrary) => unknown): Patch => {
  if (version !== patchedVersion) {
    return { patched: false, reason: `gpu.js is ${version}, and the patch is for ${patchedVersion}` }
  }
  if (!isStock(library)) return { patched: false, reason: 'gpu.js does not export what the patch needs' }
  try {
    const Kernel = make(library)
    const wrong = selfTest(library, Kernel)
    return wrong === null
      ? { patched: true, reason: 'its self-test passed', Kernel }
      : { patched: false, reason: `the patch ${wrong}` }
  } catch (cause) {
    return { patched: false, reason: `the patch does not apply: ${cause instanceof Error ? cause.message : cause}` }
  }
}

let decided: Patch | null = null

/** The decision for the gpu.js that is installed. */
export const patchOf = (library: GpuLibrary): Patch => {
  decided ??= decide(library, manifest.version, (stock) => patchedKernel(stock))
  return decided
}

/** What `stock: true` asks for. */
export const unpatched: Patch = { patched: false, reason: 'as asked' }
