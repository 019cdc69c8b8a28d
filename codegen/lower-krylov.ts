/**
 * Lowering of a `krylov` layer: the layers of its body, on tokens by their coordinates in a block Krylov space.
 *
 * Arrays that are zero at some place (`C` before the first attention, say) are not formed there.
 */
import * as Dim from '../spec/dim'
import type { TypedLayer } from '../spec/infer'
import * as K from '../spec/krylov'
import type { Krylov, LinearAttention, LinearMap } from '../spec/layer'
import * as T from '../spec/token'
import type { Weight } from '../spec/weight'
import * as axes from './rules/axes'
import { mix } from './rules/krylov-attention'
import { basis } from './rules/krylov-basis'
import {
  type Component,
  type CoordinateOptions,
  multiplication,
  plusOf,
  scaleOf,
  startOf,
  withGram
} from './rules/krylov-coordinates'
import { linearOf } from './rules/krylov-linear'
import { attend, collect, gramVector } from './rules/krylov-query'
import { type AttentionOptions, columnsOf, scores } from './rules/krylov-scores'
import { answer } from './rules/krylov-vectors'
import * as Tape from './tape'

// --- model -----------------------------------------------------------------------------------------------------------

type Name = Component['name']

/** The arrays that are there, and how far each reaches. */
interface Coordinates {
  readonly arrays: Readonly<Partial<Record<Name, string>>>
  readonly degrees: K.Degrees
}

interface Context extends CoordinateOptions {
  readonly tape: Tape.Tape
  /** The Gram matrix of the basis. */
  readonly G: string
}

// --- helpers ---------------------------------------------------------------------------------------------------------

const join = (place: string, name: string): string => (place === '' ? name : `${place}.${name}`)

/** Numbers of coordinates along the degree axes of an array. */
const sizesOf = (name: Name, d: K.Degrees): readonly number[] => {
  switch (name) {
    case 'poly':
      return [d.poly + 1]
    case 'C':
      return [K.size(d.rows), K.size(d.columns)]
    case 'beta':
      return [K.size(d.beta)]
    case 'xi':
      return [K.size(d.xi)]
    case 'eta':
      return []
  }
}

const names: readonly Name[] = ['poly', 'C', 'beta', 'xi', 'eta']

/** The arrays that a rule gives, those called `YX` by X. */
const outputsOf = (out: Readonly<Record<string, string>>): Coordinates['arrays'] =>
  Object.fromEntries(
    names.flatMap((name) => (out[`${name}Y`] === undefined ? [] : [[name, out[`${name}Y`] as string]]))
  )

const present = (bindings: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(bindings).filter((pair): pair is [string, string] => pair[1] !== undefined))

/** Of the bindings, those that the rule reads. */
const read = (rule: { readonly inputs: readonly string[] }, bindings: Readonly<Record<string, string | undefined>>) =>
  present(Object.fromEntries(rule.inputs.map((label) => [label, bindings[label]])))

// --- layers ----------------------------------------------------------------------------------------------------------

const linear = (
  x: Context,
  place: string,
  path: string,
  weight: Extract<Weight, { _tag: 'block' }>,
  heads: number | null,
  letter: string,
  input: Coordinates
): Coordinates => {
  const { allOnes, muScale } = weight
  const after = K.afterLinear(weight, x.query, input.degrees)
  const rule = linearOf({ ...x, heads, allOnes, muScale, before: input.degrees, after })
  const parameters = Object.fromEntries(rule.parameters.map((label) => [label, `${path}.${label}`]))
  const say = {
    ...Object.fromEntries(rule.parameters.map((label) => [label, `${letter}_${label}`])),
    ...Object.fromEntries(names.map((name) => [`${name}Y`, `${name}${letter}`]))
  }
  const out = Tape.apply(x.tape, rule, place, read(rule, { ...input.arrays, G: x.G }), parameters, { say })
  return { arrays: outputsOf(out), degrees: after }
}

const blockOf = (weight: Weight): Extract<Weight, { _tag: 'block' }> => {
  if (weight._tag !== 'block') throw new Error(`internal: a ${weight._tag} weight inside a krylov layer`)
  return weight
}

const attention = (
  x: Context,
  place: string,
  path: string,
  layer: LinearAttention,
  input: Coordinates
): Coordinates => {
  const { heads } = layer
  const [P, Q] = [blockOf(layer.P), blockOf(layer.Q)]
  const degrees = K.inAttention(P, Q, x.query, input.degrees)
  const U = linear(x, `${place}.Q`, `${path}.Q`, Q, heads, 'U', input)
  // The query is attended to by nobody: P maps equations only.
  const { xi: _xi, eta: _eta, ...equations } = input.arrays
  const values = { arrays: equations, degrees: { ...input.degrees, xi: K.none } }
  const V = linear({ ...x, query: false }, `${place}.P`, `${path}.P`, P, heads, 'V', values)
  const o: AttentionOptions = { ...x, heads, X: input.degrees, degrees: { ...degrees, V: V.degrees } }
  const columns = columnsOf(o)
  const [h, [m]] = [axes.heads(heads), axes.blocks(x.blocks)]

  const times = (
    name: string,
    lead: readonly ReturnType<typeof axes.heads>[],
    poly: string,
    degree: number,
    at: number
  ) => {
    const rule = multiplication({ lead, count: degree + 1, columns: at })
    return Tape.apply(x.tape, rule, `${place}.${name}`, { poly })['times'] as string
  }
  const gram = (
    name: string,
    lead: readonly ReturnType<typeof axes.heads>[],
    C: string,
    from: K.Degrees,
    at: number
  ) => {
    const sizes = { rows: K.size(from.rows), inner: K.size(from.columns), columns: at }
    const rule = withGram({ ...x, lead, ...sizes })
    return Tape.apply(x.tape, rule, `${place}.${name}`, { C, G: x.G })['Z'] as string
  }
  const run = (rule: ReturnType<typeof mix>, name: string, bindings: Readonly<Record<string, string | undefined>>) =>
    Tape.apply(x.tape, rule, `${place}.${name}`, read(rule, bindings))

  const own = { poly: input.arrays.poly, C: input.arrays.C, beta: input.arrays.beta }
  const ofU = { CU: U.arrays.C, betaU: U.arrays.beta, xiU: U.arrays.xi, etaU: U.arrays.eta }
  const ofV = { polyV: V.arrays.poly, CV: V.arrays.C, betaV: V.arrays.beta }
  const timesX = times('times', [m], own.poly as string, o.X.poly, columns.times)
  const timesU = times('timesU', [h, m], U.arrays.poly as string, degrees.U.poly, columns.timesU)
  const timesV = times('timesV', [h, m], V.arrays.poly as string, V.degrees.poly, columns.timesV)
  const Z = own.C === undefined || columns.Z === 0 ? undefined : gram('Z', [m], own.C, o.X, columns.Z)
  const S = run(scores(o), 'S', { ...own, ...ofU, timesU, times: timesX, Z })
  const timesS = times('timesS', [h], S['polyS'] as string, degrees.S.poly, columns.timesS)
  const W = gram('W', [h], S['CS'] as string, degrees.S, columns.W)
  const Y = run(mix(o), 'Y', { ...ofV, CS: S['CS'], W, timesS, timesV })
  if (!x.query) return { arrays: outputsOf(Y), degrees: degrees.after }
  const { sigma } = run(attend(o), 'query.sigma', { ...own, ...ofU, times: timesX, Z })
  const { tau } = run(gramVector(o), 'query.tau', { G: x.G, sigma })
  const answered = run(collect(o), 'query.xi', { ...ofV, timesV, sigma, tau })
  return { arrays: { ...outputsOf(Y), ...outputsOf(answered) }, degrees: degrees.after }
}

const linearMap = (x: Context, place: string, typed: TypedLayer, layer: LinearMap, input: Coordinates): Coordinates =>
  linear(x, place, `${typed.path}.W`, blockOf(layer.weight), null, 'W', input)

const scale = (x: Context, place: string, path: string, input: Coordinates): Coordinates => {
  const arrays = Object.entries(input.arrays).map(([name, array]) => {
    const rule = scaleOf(x, name as Name, sizesOf(name as Name, input.degrees))
    return [name, Tape.apply(x.tape, rule, `${place}.${name}`, { [name]: array }, { alpha: `${path}.alpha` })['Y']]
  })
  return { arrays: Object.fromEntries(arrays), degrees: input.degrees }
}

/** `e + f(e)`, array by array. */
const residual = (x: Context, place: string, e: Coordinates, f: Coordinates): Coordinates => {
  const degrees = K.plus(e.degrees, f.degrees)
  const arrays = names.flatMap((name): [Name, string][] => {
    const [left, right] = [e.arrays[name], f.arrays[name]]
    if (left === undefined || right === undefined) {
      const only = left ?? right
      return only === undefined ? [] : [[name, only]]
    }
    const sizes = { left: sizesOf(name, e.degrees), right: sizesOf(name, f.degrees), sum: sizesOf(name, degrees) }
    const rule = plusOf(x, { name, ...sizes })
    return [[name, Tape.apply(x.tape, rule, `${place}.${name}`, { [name]: left, step: right })['Y'] as string]]
  })
  return { arrays: Object.fromEntries(arrays), degrees }
}

const lowerBody = (x: Context, place: string, typed: TypedLayer, input: Coordinates): Coordinates => {
  const { layer, children } = typed
  const inTurn = (): Coordinates =>
    children.reduce((value, child, k) => lowerBody(x, join(place, String(k)), child, value), input)
  switch (layer._tag) {
    case 'linearMap':
      return linearMap(x, join(place, 'linear'), typed, layer, input)
    case 'linearAttention':
      return attention(x, join(place, 'attention'), typed.path, layer, input)
    case 'scale':
      return scale(x, join(place, 'scale'), typed.path, input)
    case 'residual': {
      const inside = children.reduce((value, child) => lowerBody(x, place, child, value), input)
      return residual(x, join(place, 'residual'), input, inside)
    }
    case 'repeat':
    case 'sequence':
      return inTurn()
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
      throw new Error(`internal: ${layer._tag} inside a krylov layer`)
  }
}

/** The new b of a `krylov` layer, from the blocks of its tokens. */
export const lowerKrylov = (
  tape: Tape.Tape,
  place: string,
  typed: TypedLayer,
  layer: Krylov,
  input: { readonly X: string; readonly b: string }
): string => {
  const [body] = typed.children
  if (body === undefined) throw new Error('internal: a krylov layer without a body')
  const extent = K.extent(layer, body)
  const { generators, top } = extent
  const { low, high } = layer
  const made = { low, high, top, generators, gram: extent.gram, blocks: T.squareParts(typed.before).length }
  const { G, ...vectors } = Tape.apply(tape, basis(made), join(place, 'basis'), input)
  const parts = T.squareParts(body.before)
  const options: CoordinateOptions = {
    blocks: parts.length,
    generators,
    gram: extent.gram + 1,
    query: layer.query !== 'none'
  }
  const rule = startOf({ ...options, low, high, degrees: extent.start })
  const first = Tape.apply(tape, rule, join(place, 'start'), {})
  const start: Coordinates = { arrays: present({ ...first }), degrees: extent.start }
  const x: Context = { ...options, tape, G: G as string }
  const after = lowerBody(x, join(place, 'body'), body, start)
  const of = options.query ? { blocks: parts.length, block: parts.findIndex((p) => p.name === layer.part) } : null
  const own = options.query ? after.arrays.xi : after.arrays.beta
  if (own === undefined) return zero(tape, join(place, 'answer'))
  const last = answer({ top, generators, size: K.size(top), of })
  return Tape.apply(tape, last, join(place, 'answer'), read(last, { ...vectors, b: input.b, xi: own }))['x'] as string
}

/** The answer of a query that nothing reaches. */
const zero = (tape: Tape.Tape, place: string): string => {
  const [i] = axes.tokens(Dim.n)
  const forward = [{ defines: 'x', over: [axes.s, i], value: { _tag: 'number', value: 0 } as const }]
  const rule = { name: 'krylov answer', inputs: [], parameters: [], outputs: ['x'], forward, vjp: [] }
  return Tape.apply(tape, rule, place, {})['x'] as string
}
