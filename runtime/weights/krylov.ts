/**
 * Specialising in a Krylov space: a frozen BLOCK network with all-ones terms, with a query of ones or with b as it is, whose
 * answer is no polynomial in A applied to b, as a `krylov` layer with the same weights. See Note [Why no numbers change].
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { toJavaScript } from '../../codegen/compile'
import * as I from '../../spec/infer'
import * as K from '../../spec/krylov'
import * as L from '../../spec/layer'
import * as M from '../../spec/model'
import * as T from '../../spec/token'
import { interpretBatch } from '../interpreter/interpret'
import { load64 } from '../javascript/run'
import { withSpectrum } from '../linalg/orthogonal'
import * as Key from '../random/key'
import type { Specialised, SpecialiseOptions } from './specialised'
import { validate, type Weights } from './weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** The sizes and the number of systems on which the coordinates are compared with the tokens. */
const compared = { sizes: [2, 7], batch: 4 }
/** A deviation above this is more than rounding in a network that is of any use. */
const tolerance = 1e-9
/** The farthest that coordinates may reach: six layers. */
const farthest = 728

interface Split {
  readonly layer: L.Krylov
  readonly body: I.TypedLayer
}

// --- which networks ----------------------------------------------------------------------------------------------------

const ones = ['mu2', 'column', 'row']

const isOnes = (name: string): boolean => ones.includes(name.slice(name.lastIndexOf('.') + 1))

/** The same layers without their all-ones terms. */
const leaned = (layer: L.Layer): L.Layer =>
  L.match<L.Layer>({
    linearMap: (own) => ({
      ...own,
      weight: own.weight._tag === 'block' ? { ...own.weight, allOnes: false } : own.weight
    }),
    linearAttention: (own) => ({
      ...own,
      P: own.P._tag === 'block' ? { ...own.P, allOnes: false } : own.P,
      Q: own.Q._tag === 'block' ? { ...own.Q, allOnes: false } : own.Q
    }),
    softmaxAttention: (own) => own,
    layerNorm: (own) => own,
    gelu: (own) => own,
    positions: (own) => own,
    recurrent: (own) => own,
    entries: (own) => own,
    columnMeans: (own) => own,
    scale: (own) => own,
    chebyshev: (own) => own,
    krylov: (own) => ({ ...own, body: leaned(own.body) }),
    equilibrate: (own) => ({ ...own, body: leaned(own.body) }),
    residual: (own) => ({ ...own, body: leaned(own.body) }),
    repeat: (own) => ({ ...own, body: leaned(own.body) }),
    sequence: (own) => ({ ...own, layers: own.layers.map(leaned) })
  })(layer)

/** All-ones terms that are all zero are left out, and with them the vectors that they would need. */
const withoutZeros = (layer: L.Layer, weights: Weights): { readonly body: L.Layer; readonly weights: Weights } =>
  Object.entries(weights).some(([name, values]) => isOnes(name) && values.some((v) => v !== 0))
    ? { body: layer, weights }
    : { body: leaned(layer), weights: Object.fromEntries(Object.entries(weights).filter(([name]) => !isOnes(name))) }

/** The `krylov` layer around a body, as the encoding and the readout of a model have it. */
const around = (
  { encoding, readout }: M.Model,
  low: number,
  high: number
): E.Either<string, (b: L.Layer) => L.Layer> => {
  if (encoding._tag === 'columns') {
    return E.left('encoding: expected equations, found columns, whose tokens are rows of A^T')
  }
  if (encoding.embedding._tag === 'learned') {
    return E.left('encoding: expected identity blocks, found a learned embedding')
  }
  const { query } = encoding
  if (readout._tag !== (query === 'none' ? 'perToken' : 'query')) {
    const expected = query === 'none' ? 'b of every token' : 'the query'
    return E.left(`readout: expected ${expected}, found ${readout._tag}`)
  }
  return E.right(L.krylov({ blocks: encoding.embedding.blocks, query, part: readout.part, low, high }))
}

const splitOf = (typed: I.Typed): Split => {
  const [body] = typed.body.children
  if (typed.body.layer._tag !== 'krylov' || body === undefined) throw new Error('internal: not a krylov layer')
  return { layer: typed.body.layer, body }
}

// --- deviation -------------------------------------------------------------------------------------------------------

/** Systems whose eigenvalues are Chebyshev points of the interval with both ends, with normal right-hand sides. */
const systemsOf = (n: number, low: number, high: number) => {
  const key = Key.fold(Key.key(1), n)
  const eigenvalues = Float64Array.from({ length: n }, (_, k) => {
    const t = n === 1 ? 0 : Math.cos((Math.PI * k) / (n - 1))
    return (low + high + (high - low) * t) / 2
  })
  const { batch } = compared
  const A = new Float64Array(batch * n * n)
  for (let s = 0; s < batch; s++) A.set(withSpectrum(eigenvalues, Key.fold(key, s)), s * n * n)
  return { n, batch, A, b: Key.normal(Key.fold(key, 'b'), batch * n) }
}

const norm = (v: Float64Array): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))

/** The largest `||x - y||_2 / ||x||_2`, x by the tokens and y by the compiled coordinates, in float64. */
const deviationOf = (
  literal: I.Typed,
  weights: Weights,
  special: I.Typed,
  own: Weights,
  { low, high }: SpecialiseOptions
): E.Either<string, number> => {
  let worst = 0
  for (const n of compared.sizes) {
    const systems = systemsOf(n, low, high)
    const program = toJavaScript({ _tag: 'forward' }, special, { n, batch: compared.batch })
    if (E.isLeft(program)) return program
    const x = interpretBatch(literal, weights, systems)
    const y = load64(program.right).run({ ...own, A: systems.A, b: systems.b })['x'] as Float64Array
    for (let s = 0; s < compared.batch; s++) {
      const [left, right] = [x, y].map((v) => v.subarray(s * n, (s + 1) * n)) as [Float64Array, Float64Array]
      const off = norm(left.map((value, k) => value - (right[k] as number)))
      worst = Math.max(worst, off === 0 ? 0 : off / norm(left))
      if (Number.isNaN(off)) return E.right(Number.POSITIVE_INFINITY)
    }
  }
  return E.right(worst)
}

// --- specialising ----------------------------------------------------------------------------------------------------

/**
 * A frozen BLOCK network in coordinates of the block Krylov space of b and 1, for symmetric A with eigenvalues in
 * `[low, high]`: the same weights under a `krylov` layer, without all-ones terms that are zero. `Left` says why a network
 * has no such form.
 */
export const specialiseKrylov = (options: SpecialiseOptions): E.Either<string, Specialised> => {
  const { model, weights, low, high } = options
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    return E.left(`interval: expected low < high, both finite, found [${low}, ${high}]`)
  }
  return pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chainFirst((typed) => validate(typed, typed.n ?? 1, weights)),
    E.bindTo('literal'),
    E.bind('wrap', () => around(model, low, high)),
    E.bind('special', ({ wrap }) => {
      const { body, weights: kept } = withoutZeros(model.body, weights)
      const bScale = model.encoding._tag === 'equations' ? model.encoding.bScale : null
      const made = M.make({
        name: `${model.name}-krylov`,
        encoding: T.equations({ embedding: T.identity(0), query: 'none', bScale }),
        body: wrap(body),
        readout: M.perToken('b')
      })
      const own = Object.fromEntries(Object.entries(kept).map(([name, values]) => [`krylov.${name}`, values]))
      return pipe(
        I.infer(made),
        E.bimap(I.show, (typed) => ({ typed, weights: own }))
      )
    }),
    E.bind('extent', ({ special }) => {
      const { layer, body } = splitOf(special.typed)
      const extent = K.extent(layer, body)
      return K.most(extent.top) <= farthest
        ? E.right(extent)
        : E.left(
            `${model.name}: expected degrees up to ${farthest} (six layers), found ${K.most(extent.top)}; run its tokens`
          )
    }),
    E.bind('deviation', ({ literal, special }) =>
      deviationOf(literal, weights, special.typed, special.weights, options)
    ),
    E.chain(({ special, extent, deviation }) =>
      deviation <= tolerance
        ? E.right<string, Specialised>({
            form: 'krylov',
            model: special.typed.model,
            weights: special.weights,
            deviation,
            products: K.products(extent)
          })
        : E.left(
            `network on [${low}, ${high}]: expected its coordinates to give its answers to ${tolerance}, found a relative ` +
              `deviation of ${deviation}: its tokens overflow or cancel there; try a narrower interval`
          )
    )
  )
}

// Note [Why no numbers change]
// With all-ones terms, with ones in the query or with b as it is, the coefficients of A's powers depend on the system, so no
// table of numbers stands for the network. What depends on the weights alone is how coordinates follow from each other, and
// the weights themselves say it in the fewest numbers: the rules of the layer form `p_m` and the multiplication by it from
// them, once for all systems, since nothing in these equations has an axis of systems.
