/** ONNX Runtime compiled to WebAssembly, SIMD; in Node it loads its own threaded module. */
import * as ort from 'onnxruntime-web'

import { methods } from '../onnx/methods'
import { serve, threads, versionOf } from '../serve'

ort.env.wasm.numThreads = threads()
ort.env.logLevel = 'error'

await serve({
  version: versionOf('onnxruntime-web'),
  detail: `WebAssembly SIMD, ${threads()} thread`,
  methods: methods({
    create: (model) =>
      ort.InferenceSession.create(model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' }),
    Tensor: ort.Tensor
  })
})
