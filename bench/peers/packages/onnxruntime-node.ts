/** ONNX Runtime's native code on the CPU. */
import * as ort from 'onnxruntime-node'

import { methods } from '../onnx/methods'
import { serve, threads, versionOf } from '../serve'

await serve({
  version: versionOf('onnxruntime-node'),
  detail: `native code on the CPU, ${threads()} thread`,
  methods: methods({
    create: (model) =>
      ort.InferenceSession.create(model, {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads(),
        interOpNumThreads: 1,
        logSeverityLevel: 3
      }),
    Tensor: ort.Tensor
  })
})
