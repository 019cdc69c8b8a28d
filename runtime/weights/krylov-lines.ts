/**
 * A network in coordinates of a Krylov space, as lines for the eye: its basis, its products, and how large the coordinates
 * of its tokens are after every layer.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import * as K from '../../spec/krylov'
import type { Model } from '../../spec/model'

// --- lines -----------------------------------------------------------------------------------------------------------

const short = (value: number): string => String(Number(value.toPrecision(6)))

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** The arrays of coordinates at one place: `p_m: degree 3   C_m: 8 x 6   beta: 7   xi_m: 5`. */
const sizes = (d: K.Degrees, query: boolean, last: boolean): string => {
  const count = ([b, ones]: K.Reach): number => b + ones + 2
  const C = K.size(d.rows) === 0 ? 'C_m: none' : `C_m: ${count(d.rows)} x ${count(d.columns)}`
  const xi = !query ? [] : [K.size(d.xi) === 0 ? 'xi_m: none' : `xi_m: ${count(d.xi)}`]
  // After the last layer only the answer is formed.
  if (last) return query ? xi.join('') : `beta: ${count(d.beta)}`
  return [`p_m: degree ${d.poly}`, C, `beta: ${count(d.beta)}`, ...xi]
    .map((part) => part.padEnd(16))
    .join('')
    .trimEnd()
}

const span = (name: string, reach: number): readonly string[] =>
  reach < 0 ? [] : [`T_0(M) ${name} ... T_${reach}(M) ${name}`]

const affine = (low: number, high: number): string => {
  const middle = low + high
  const shift = middle === 0 ? '' : middle > 0 ? ` - ${short(middle)} I` : ` + ${short(-middle)} I`
  return `M = (2 A${shift}) / ${short(high - low)}`
}

/**
 * The basis, the recurrence, the number of products and the sizes of all coordinates of a model that is a `krylov` layer;
 * none for any other model.
 */
export const krylovLines = (model: Model): readonly string[] =>
  pipe(
    I.infer(model),
    E.match(
      () => [],
      ({ body: { layer, children } }) => {
        const [body] = children
        if (layer._tag !== 'krylov' || body === undefined) return []
        const { top, gram } = K.extent(layer, body)
        const query = layer.query !== 'none'
        const [b, ones] = top
        const places = K.places(layer, body)
        const width = Math.max(...places.map(({ name }) => name.length))
        const rows = ones < 1 ? '' : " and A's row sums"
        return [
          affine(layer.low, layer.high),
          `K = [${[...span('b', b), ...span('1', ones)].join(', ')}]`,
          `t(0) = v, t(1) = M v, t(q) = 2 M t(q-1) - t(q-2)   for v = b${ones < 0 ? '' : ' and v = 1'}`,
          `${counted(K.products({ top }), 'product')} of A and a vector${rows}; no division, no orthogonalisation`,
          `G = K^T K up to degree ${gram} from <f, t(q)> alone: <T_q f, T_r g> = (<f, T_(q+r) g> + <f, T_|q-r| g>) / 2`,
          `X_m = p_m(A) + K C_m K^T, b = K beta${query ? ', the query K xi_m' : ''}`,
          ...places.map(({ name, degrees }, k) => {
            const last = k === places.length - 1
            return `  ${name.padEnd(width)}   ${sizes(degrees, query, last)}`
          }),
          `x = K ${query ? `xi of ${layer.part}` : 'beta'}`
        ]
      }
    )
  )
