/**
 * Closed-form weights: BLOCK linear Transformers that solve systems of condition number `kappa` without training.
 *
 * Layers 1 ... L-1 replace the rows by `T_3(A)` up to scale, so that after them the spectrum has shrunk towards one point;
 * the last layer takes one Chebyshev step of degree two. The residual polynomial is exactly `T_{2*3^(L-1)}` scaled to the
 * spectrum `[2/(1+kappa), 2 kappa/(1+kappa)]`. One identity block and no all-ones terms are used.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import * as T from '../../spec/token'
import * as W from '../../spec/weight'
import { blockLinear } from '../../spec/zoo/block-linear'
import { embedPolar } from './polar'
import { type WeightedModel, type Weights, zeros } from './weights'

export type { WeightedModel } from './weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** The scalars of one layer that are not zero: `Q_AH` is the block with the rows of A and the columns of H1. */
interface Step {
  readonly Q: { readonly AA: number; readonly AH: number; readonly HH: number; readonly bb: number }
  readonly P: { readonly AA: number; readonly AH: number; readonly bb: number }
}

// --- formulas --------------------------------------------------------------------------------------------------------

/** `T_3(z) = 4 z^3 - 3 z`, infinite where it overflows. */
const cube = (z: number): number => z * (4 * z * z - 3)

/** The scalars of every layer; `z = (kappa+1)/(kappa-1)` is where the scaled Chebyshev polynomial is read at zero. */
const steps = (layers: number, kappa: number): readonly Step[] => {
  const result: Step[] = []
  let z = (kappa + 1) / (kappa - 1)
  for (let l = 1; l < layers; l++) {
    const share = 1 / (1 - 3 / (4 * z * z)) // c / (c - 3) with c = 4 z^2, which may overflow
    result.push({ Q: { AA: share, AH: -3 * share, HH: 2 * share, bb: 0 }, P: { AA: 1, AH: 0, bb: 1 } })
    z = cube(z)
  }
  const share = 2 / (2 - 1 / (z * z)) // 2 z^2 / d with d = 2 z^2 - 1
  result.push({ Q: { AA: 0, AH: 0, HH: 0, bb: 1 }, P: { AA: -share, AH: 2 * share, bb: 0 } })
  return result
}

// --- constructors ----------------------------------------------------------------------------------------------------

const reasonAgainst = (model: Model, kappa: number): string | undefined => {
  const { encoding } = model
  if (!(Number.isFinite(kappa) && kappa > 1)) {
    return `kappa: expected a finite condition number above 1, found ${kappa}`
  }
  if (encoding._tag !== 'equations' || encoding.embedding._tag !== 'identity' || encoding.embedding.blocks < 1) {
    return 'encoding: expected equations with at least one identity block, which the closed form reads'
  }
  if (encoding.query !== 'b')
    return `query: expected 'b', found '${encoding.query}': other queries spoil the closed form`
  if (encoding.bScale === null) return 'bScale: expected a tiny number such as 1e-8, found null: b b^T enters attention'
  return model.readout._tag === 'query' && model.readout.part === 'A' ? undefined : 'readout: expected query A'
}

/** Attention layers in order with the factors around them, if the model is a chain of residual attention layers. */
const attentions = (typed: I.TypedLayer): E.Either<string, readonly I.TypedLayer[]> => {
  const found: I.TypedLayer[] = []
  const visit = (each: I.TypedLayer, inResidual: boolean): string | undefined => {
    switch (each.layer._tag) {
      case 'repeat':
        if (each.layer.tied && each.layer.times > 1) return 'repeat: expected untied weights, found tied ones'
        break
      case 'linearAttention':
        if (!inResidual) return `${each.path}: expected attention inside a residual`
        if (each.layer.P._tag !== 'block' || each.layer.Q._tag !== 'block') {
          return `${each.path}: expected Block weights, found ${W.show(each.layer.P)} and ${W.show(each.layer.Q)}`
        }
        found.push(each)
        return undefined
      case 'scale':
        return inResidual ? undefined : `${each.path}: expected scale inside a residual`
      case 'residual':
        if (inResidual) return `${each.path}: expected one residual around each attention, found one inside another`
        break
      case 'sequence':
        break
      case 'linearMap':
      case 'softmaxAttention':
      case 'layerNorm':
      case 'gelu':
      case 'positions':
      case 'recurrent':
      case 'entries':
      case 'columnMeans':
      case 'chebyshev':
      case 'krylov':
      case 'equilibrate':
        return `${each.path}: expected attention layers, found ${each.layer._tag}`
    }
    const before = found.length
    for (const child of each.children) {
      const reason = visit(child, inResidual || each.layer._tag === 'residual')
      if (reason !== undefined) return reason
    }
    return each.layer._tag === 'residual' && found.length !== before + 1
      ? `${each.path}: expected one attention in each residual, found ${found.length - before}`
      : undefined
  }
  const reason = visit(typed, false)
  return reason === undefined ? E.right(found) : E.left(reason)
}

/** One layer's scalars into arrays of zeros. */
const put = (weights: Weights, { path, before }: I.TypedLayer, { Q, P }: Step): void => {
  const set = (name: string, at: number, value: number): void => {
    weights[`${path}.${name}`]![at] = value
  }
  const row = T.squareParts(before).length // [head 0, row block, column block]: A is block 0, H1 is block 1
  set('Q.mu1', 0, Q.AA)
  set('Q.mu1', 1, Q.AH)
  set('Q.mu1', row + 1, Q.HH)
  set('Q.entry', 0, Q.bb)
  set('P.mu1', 0, P.AA)
  set('P.mu1', 1, P.AH)
  set('P.entry', 0, P.bb)
}

/**
 * The closed-form weights for `kappa`, set into a model that has room for them: a chain of residual attention layers with
 * Block weights, identity blocks and a tiny `bScale`. Other blocks, heads and all-ones terms are zero, and every learned
 * `alpha` is one. `Left` says what the model lacks.
 */
export const embed = (model: Model, kappa: number): E.Either<string, Weights> => {
  if (model.readout._tag === 'transposed') return embedPolar(model, kappa)
  const reason = reasonAgainst(model, kappa)
  if (reason !== undefined) return E.left(reason)
  return pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chain((typed) =>
      pipe(
        attentions(typed.body),
        E.map((layers): Weights => {
          const weights = { ...zeros(typed, 1) } // Block weights have the same arrays at every n
          for (const { name } of typed.parameters) if (name.endsWith('.alpha')) weights[name]![0] = 1
          for (const [l, step] of steps(layers.length, kappa).entries()) put(weights, layers[l]!, step)
          return weights
        })
      )
    )
  )
}

/**
 * The BLOCK model of `layers` layers and one identity block with the closed-form weights for condition number `kappa`,
 * for systems scaled so that the spectrum lies in `[2/(1+kappa), 2 kappa/(1+kappa)]`. `Left` if `kappa` is not above 1 or
 * `layers` not a whole number of at least 1.
 */
export const closedForm = (options: {
  readonly layers: number
  readonly kappa: number
}): E.Either<string, WeightedModel> => {
  const model: Model = {
    ...blockLinear({ layers: options.layers }),
    name: `closed-form-${options.layers}-kappa-${options.kappa}`
  }
  return pipe(
    embed(model, options.kappa),
    E.map((weights) => ({ model, weights }))
  )
}

// --- behind a closed form --------------------------------------------------------------------------------------------

/** What `layers` closed-form layers leave of a condition number: after each, `z <- 4 z^3 - 3 z`. */
export const kappaBehind = (layers: number, kappa: number): number => {
  let z = (kappa + 1) / (kappa - 1)
  for (let l = 0; l < layers; l++) z = cube(z)
  return (z + 1) / (z - 1)
}

/**
 * Weights for `model`: its first layers are those of the closed form for `kappa`, its last those of `rest`, which has fewer
 * layers and is otherwise the same architecture. `rest` must solve the condition number that the first layers leave.
 */
export const behind = (model: Model, kappa: number, rest: WeightedModel): E.Either<string, Weights> => {
  const reason = reasonAgainst(model, kappa)
  if (reason !== undefined) return E.left(reason)
  return pipe(
    E.Do,
    E.bind('typed', () => pipe(I.infer(model), E.mapLeft(I.show))),
    E.bind('own', ({ typed }) => attentions(typed.body)),
    E.bind('last', () =>
      pipe(
        I.infer(rest.model),
        E.mapLeft(I.show),
        E.chain((typed) => attentions(typed.body))
      )
    ),
    E.chain(({ typed, own, last }) => {
      const first = own.length - last.length
      if (first < 1)
        return E.left(`body: expected fewer than ${own.length} layers behind the closed form, found ${last.length}`)
      const weights = { ...zeros(typed, 1) }
      const taken = new Set<string>()
      for (const [l, step] of steps(first + 1, kappa)
        .slice(0, first)
        .entries())
        put(weights, own[l]!, step)
      for (const [l, { path }] of last.entries()) {
        for (const [name, array] of Object.entries(rest.weights)) {
          if (!name.startsWith(`${path}.`)) continue
          const into = `${own[first + l]!.path}${name.slice(path.length)}`
          if (weights[into]?.length !== array.length) {
            return E.left(
              `${into}: expected as many scalars as in ${rest.model.name}, whose layers stand behind the closed form`
            )
          }
          weights[into] = array.slice()
          taken.add(name)
        }
      }
      const left = Object.keys(rest.weights).find((name) => !taken.has(name))
      return left === undefined
        ? E.right(weights)
        : E.left(`${left}: expected weights of attention layers only behind the closed form`)
    })
  )
}
