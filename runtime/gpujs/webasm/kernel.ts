/** gpu.js's WebAssembly kernels, made by the patched walk. */
import { patchedNode } from './node'
import type { StockLibrary } from './stock'

/** A kernel class whose kernels are walked by another node class. See Note [No class of gpu.js is changed]. */
export const patchedKernel = (library: StockLibrary, node: unknown = patchedNode(library.WebAssemblyFunctionNode)) =>
  class extends library.WebAssemblyKernel {
    override translateSource(): boolean {
      const { FunctionBuilder } = library
      const { fromKernel } = FunctionBuilder
      FunctionBuilder.fromKernel = (kernel, _stock, extra) => fromKernel.call(FunctionBuilder, kernel, node, extra)
      try {
        return super.translateSource()
      } finally {
        FunctionBuilder.fromKernel = fromKernel
      }
    }
  }

/*
Note [No class of gpu.js is changed]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
A kernel's class is a property of a `GPU`, so patched and stock kernels live side by side. Which node class walks a
kernel is not a setting: `translateSource` names it where it calls `FunctionBuilder.fromKernel`. That call is redirected
while `translateSource` runs, which is synchronous, and put back.
*/
