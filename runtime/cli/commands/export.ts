/** `ansatz export`: a model as a program for other software. */
import type { Outcome } from '../exit'
import { exportJax } from './export-jax'
import { exportOnnx } from './export-onnx'
import type { ExportOptions } from './export-options'

export const exportModel = (name: string, o: ExportOptions): Promise<Outcome> => {
  switch (o.target) {
    case 'jax':
      return exportJax(name, o)
    case 'onnx':
      return exportOnnx(name, o)
  }
}
