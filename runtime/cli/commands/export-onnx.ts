/** `ansatz export --target onnx`: one file for ONNX Runtime and whatever else reads ONNX. */
import * as E from 'fp-ts/Either'
import { opset } from '../../../codegen/targets/onnx/graph'
import type { Typed } from '../../../spec/infer'
import { show } from '../../checkpoint/error'
import { writeWhole } from '../../checkpoint/file'
import { fits, sha256 } from '../../onnx/file'
import { type Judged, judgedFile, promised, spare } from '../../onnx/judged'
import * as Key from '../../random/key'
import { initialise } from '../../weights/initialise'
import { type Failure, fail, type Outcome } from '../exit'
import { type Found, findModel } from '../model'
import { say, sayJson, scientific } from '../print'
import type { ExportOptions } from './export-options'

/** The n that a model is made for, whatever is asked. */
const ownSize = ({ typed }: Found): number | null => {
  const [small, large] = [typed(2), typed(3)]
  return E.isRight(small) && E.isRight(large) && small.right.n === large.right.n ? small.right.n : null
}

/** The model at the n that is asked for, or at the one that it is made for. */
const sized = (found: Found, o: ExportOptions): E.Either<Failure, { readonly typed: Typed; readonly n: number }> => {
  const own = ownSize(found)
  if (own !== null && o.n !== undefined && o.n !== own) {
    return fail('model', `${found.name} is made for n = ${own} and has no program for n = ${o.n}; leave --n out`)
  }
  const n = own ?? o.n
  if (n === undefined) {
    return fail('usage', `${found.name} fits any number of unknowns, and a file is for one: say which, such as --n 16`)
  }
  return E.map((typed: Typed) => ({ typed, n }))(found.typed(n))
}

const report = (
  name: string,
  n: number,
  { graph, metadata, bytes, precision, off }: Judged,
  o: ExportOptions
): void => {
  const { out } = o
  if (o.json === true) {
    const { inputs, outputs, nodes } = graph
    sayJson({
      file: out,
      target: o.target,
      model: name,
      n,
      bytes: bytes.length,
      checksum: sha256(bytes),
      opset,
      nodes: nodes.length,
      parameters: graph.parameters.length,
      inputs,
      outputs,
      precision,
      ...off,
      metadata
    })
    return
  }
  const named = (all: typeof graph.inputs): string => all.map((v) => `${v.name} [${v.dims}]`).join(', ')
  say(`${name} for n = ${n}: ${out}, ${bytes.length} bytes, ONNX opset ${opset}, ${graph.nodes.length} nodes`)
  say(`  ${named(graph.inputs)} -> ${named(graph.outputs)}, float32, any batch`)
  say(
    `  its graph differs from the model's layers by ${scientific(off.deviation)}, relative, in float64 on random systems`
  )
  say(`  and by ${scientific(off.rounding)} as it runs, computing in ${precision}`)
  if (off.rounding > spare) {
    say(`  other systems may lose more than ${scientific(promised)}: --precision float64 keeps it`)
  }
}

/** Of first weights and of the systems that the graph is judged on. */
const usualSeed = 1

export const exportOnnx = async (name: string, o: ExportOptions): Promise<Outcome> => {
  if (o.recipe !== undefined || o.systems === true) {
    return fail('usage', '--target onnx: an ONNX file trains nothing and takes no --recipe and no --systems')
  }
  const found = await findModel(name, { weights: true })
  if (E.isLeft(found)) return found
  const at = sized(found.right, o)
  if (E.isLeft(at)) return at
  const { typed, n } = at.right
  const room = fits(typed, n)
  if (E.isLeft(room)) return fail('model', `${name}: ${room.left}`)
  const key = Key.key(o.seed ?? usualSeed)
  const weights = found.right.frozen?.weights ?? initialise(typed, n, Key.fold(key, 'weights'))
  const recipe = found.right.checkpoint?.recipe ?? null
  const made = judgedFile({ typed, n, weights, recipe }, o.precision ?? null, Key.fold(key, 'systems'))
  if (E.isLeft(made)) return fail(made.left.kind, `${name}: ${made.left.message}; nothing is written`)
  const written = await writeWhole(o.out, made.right.bytes)()
  if (E.isLeft(written)) return fail('input', show(written.left))
  report(name, n, made.right, o)
  return E.right('done')
}
