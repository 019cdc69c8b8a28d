/**
 * Recurrent layers on the tokens of one system [tokens, D]: one token after the other, as the papers state a step.
 */
import type * as L from '../../spec/layer'
import { directionsOf } from '../../spec/recurrent'
import * as D from './dense'
import { array, type Place } from './matrices'

/** `1 / (1 + exp(-x))`. */
const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** A gate's number c from what arrives at it, `W e + w` and `U y`. */
interface Arriving {
  readonly fromToken: (gate: number, c: number) => number
  readonly fromCarried: (gate: number, c: number) => number
}

/** `m' = f m + k g`, `y = o tanh(m')` (Hochreiter and Schmidhuber 1997; Gers et al. 2000). */
const lstmStep = ({ fromToken, fromCarried }: Arriving, c: number, m: number): { y: number; m: number } => {
  const into = (gate: number): number => fromToken(gate, c) + fromCarried(gate, c)
  const [input, forget, output] = [logistic(into(0)), logistic(into(1)), logistic(into(2))]
  const candidate = Math.tanh(into(3))
  const next = forget * m + input * candidate
  return { y: output * Math.tanh(next), m: next }
}

/** `y' = (1 - z) g + z y`, the candidate g reset behind its matrix, whose bias is u (Cho et al. 2014, as cuDNN computes it). */
const gruStep = ({ fromToken, fromCarried }: Arriving, c: number, y: number, u: number): number => {
  const reset = logistic(fromToken(0, c) + fromCarried(0, c))
  const update = logistic(fromToken(1, c) + fromCarried(1, c))
  const candidate = Math.tanh(fromToken(2, c) + reset * (fromCarried(2, c) + u))
  return (1 - update) * candidate + update * y
}

/** What one direction leaves at every token, [tokens, hidden]. */
const read = (layer: L.Recurrent, direction: 'forward' | 'backward', place: Place, e: D.Array64): D.Array64 => {
  const { hidden, cell } = layer
  const [tokens, width] = [D.rowsOf(e), D.columnsOf(e)]
  const of = (name: string): Float64Array => array(place.weights, `${place.typed.path}.${direction}.${name}`)
  const [W, w, U] = [of('W.matrix'), of('W.bias'), of('U.matrix')]
  const after = D.zeros(tokens, hidden)
  let y = new Float64Array(hidden)
  let m = new Float64Array(hidden)
  for (let at = 0; at < tokens; at++) {
    const i = direction === 'forward' ? at : tokens - 1 - at
    const before = y
    const arriving: Arriving = {
      fromToken: (gate, c) => {
        const row = gate * hidden + c
        let total = w[row]!
        for (let d = 0; d < width; d++) total += W[row * width + d]! * e.get(i, d)
        return total
      },
      fromCarried: (gate, c) => {
        const row = gate * hidden + c
        let total = 0
        for (let d = 0; d < hidden; d++) total += U[row * hidden + d]! * before[d]!
        return total
      }
    }
    const [nextY, nextM] = [new Float64Array(hidden), new Float64Array(hidden)]
    for (let c = 0; c < hidden; c++) {
      switch (cell._tag) {
        case 'lstm': {
          const step = lstmStep(arriving, c, m[c]!)
          nextY[c] = step.y
          nextM[c] = step.m
          break
        }
        case 'gru':
          nextY[c] = gruStep(arriving, c, before[c]!, of('U.bias')[c]!)
          break
      }
      after.set(i, c, nextY[c]!)
    }
    y = nextY
    m = nextM
  }
  return after
}

/** What the layer carries when it has read a token: of one direction, or of both, one after the other. */
export const recurrent = (layer: L.Recurrent, place: Place, e: D.Array64): D.Array64 => {
  const ways = directionsOf(layer).map((direction) => read(layer, direction, place, e))
  return D.generate(D.rowsOf(e), layer.hidden * ways.length, (i, c) =>
    ways[Math.floor(c / layer.hidden)]!.get(i, c % layer.hidden)
  )
}
