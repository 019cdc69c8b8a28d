/** Ansatz on gpu.js, backend `webasm`: WebAssembly SIMD, one thread. */
import { open } from '../../../runtime/backends/open'
import { serve } from '../serve'
import { methods } from './backend'
import { must } from './network'

const runtime = must(await open('webasm')())

await serve({
  version: 'webasm',
  detail: `${runtime.adapter}; ${runtime.patch?.reason ?? 'gpu.js as published'}`,
  methods: methods(runtime)
})
