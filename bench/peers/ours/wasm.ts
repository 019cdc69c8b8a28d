/** Ansatz on its own WebAssembly target: one module a program, SIMD. */
import { open } from '../../../runtime/backends/open'
import { serve } from '../serve'
import { methods } from './backend'
import { must } from './network'

const runtime = must(await open('wasm')())

await serve({ version: 'wasm', detail: runtime.adapter, methods: methods(runtime) })
