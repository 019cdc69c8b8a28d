/**
 * Lowering: a judged model becomes equations, forwards, backwards, or as a whole training step.
 */
import * as Dim from '../spec/dim'
import type { Typed, TypedLayer } from '../spec/infer'
import * as T from '../spec/token'
import type { Equation, Equations } from './equation'
import * as X from './expr'
import { lowerLayer, type Value } from './lower-layer'
import type { Rule } from './rule'
import { intoBlocks, intoFlat, norm } from './rules/encode'
import { meanSquare } from './rules/loss'
import { type Optimiser, updates } from './rules/optimiser'
import {
  entryOfBlocks,
  entryOfFlat,
  queryOfBlocks,
  queryOfFlat,
  transposedOfBlocks,
  transposedOfFlat,
  unscale
} from './rules/readout'
import { withSize } from './squeeze'
import * as Tape from './tape'

const usesBlocks = (layer: TypedLayer): boolean => {
  const own = layer.layer
  const here =
    own._tag === 'chebyshev' ||
    own._tag === 'krylov' ||
    (own._tag === 'linearAttention' && (own.P._tag === 'block' || own.Q._tag === 'block')) ||
    (own._tag === 'linearMap' && own.weight._tag === 'block')
  return here || layer.children.some(usesBlocks)
}

const scaleOfB = (typed: Typed): number | null => {
  const { encoding } = typed.model
  return encoding._tag === 'equations' ? encoding.bScale : null
}

const encode = (tape: Tape.Tape, typed: Typed): Value => {
  const { tokens } = typed
  const { encoding } = typed.model
  const data = {
    A: Tape.declare(tape, 'A', [Dim.batch, Dim.n, Dim.n], 'data'),
    b: Tape.declare(tape, 'b', [Dim.batch, Dim.n], 'data')
  }
  const inputs = scaleOfB(typed) === null ? data : { ...data, ...Tape.apply(tape, norm, 'encode', { b: data.b }) }
  if (T.isBlockwise(tokens) && usesBlocks(typed.body)) {
    const out = Tape.apply(tape, intoBlocks(encoding, tokens, T.squareParts(tokens).length), 'encode', inputs)
    return { layout: 'blocks', X: out['X'] as string, b: out['bhat'] as string }
  }
  const out = Tape.apply(tape, intoFlat(encoding, tokens, T.width(tokens)), 'encode', inputs, { H: 'embedding.H' })
  return { layout: 'flat', e: out['e'] as string }
}

/** Where a part stands in the stretch of a token. */
const offsetOf = (tokens: T.Tokens, part: string): Dim.Dim =>
  Dim.add(
    0,
    ...tokens.parts
      .slice(
        0,
        tokens.parts.findIndex((p) => p.name === part)
      )
      .map((p) => p.dim)
  )

/** Which rule a readout means, on tokens in one stretch or made of blocks. */
const readRule = (typed: Typed, isFlat: boolean): Rule => {
  const tokens = typed.body.after
  const { _tag, part } = typed.model.readout
  const { count } = tokens
  const flat = { offset: offsetOf(tokens, part), width: T.width(tokens), count }
  const block = T.squareParts(tokens).findIndex((p) => p.name === part)
  const blocks = { block, blocks: T.squareParts(tokens).length, count }
  switch (_tag) {
    case 'query':
      return isFlat ? queryOfFlat(flat) : queryOfBlocks(blocks)
    case 'perToken':
      return isFlat ? entryOfFlat(flat) : entryOfBlocks({ count })
    case 'transposed':
      return isFlat ? transposedOfFlat({ ...flat, entry: offsetOf(tokens, 'b') }) : transposedOfBlocks(blocks)
  }
}

const read = (tape: Tape.Tape, typed: Typed, value: Value): string => {
  const bScale = scaleOfB(typed)
  const place = bScale === null ? '' : 'read'
  const rule = readRule(typed, value.layout === 'flat')
  const inputs = value.layout === 'flat' ? { e: value.e } : { X: value.X, b: value.b }
  const z = Tape.apply(tape, rule, place, inputs as Readonly<Record<string, string>>)['x'] as string
  if (bScale === null) return z
  return Tape.apply(tape, unscale(bScale), '', { z, norm: 'encode.norm' })['x'] as string
}

const start = (typed: Typed): { readonly tape: Tape.Tape; readonly x: string } => {
  const tape = Tape.empty()
  for (const p of typed.parameters) Tape.declare(tape, p.name, p.dims, 'parameter')
  const value = lowerLayer(tape, '', typed.body, encode(tape, typed))
  return { tape, x: read(tape, typed, value) }
}

const isRecurrent = ({ layer, children }: TypedLayer): boolean =>
  layer._tag === 'recurrent' || children.some(isRecurrent)

/** A recurrence is written out for its tokens, so that n is a number in equations of a model that has one. */
const close = (typed: Typed, tape: Tape.Tape, outputs: readonly string[]): Equations => {
  const { tensors, equations } = tape
  const e = { name: typed.model.name, tensors, equations, outputs, updates: [] }
  return typed.n !== null && isRecurrent(typed.body) ? withSize('n', typed.n)(e) : e
}

/** The name of a parameter's cotangent among the outputs. */
export const cotangent = (parameter: string): string => `d(${parameter})`

/**
 * The cotangent of every parameter as an output: for each system by itself, `[batch, ...]`, or summed over systems.
 */
const parameterCotangents = (
  tape: Tape.Tape,
  typed: Typed,
  cotangents: Readonly<Record<string, string>>,
  perSystem: boolean
): readonly string[] =>
  typed.parameters.map((p) => {
    const name = cotangent(p.name)
    const share = cotangents[p.name]
    const s = X.index('s', Dim.batch)
    // By the letters of the rule that gives it, where only one does.
    const letters =
      share === undefined
        ? []
        : (tape.byName
            .get(share)
            ?.over.slice(1)
            .map((i) => i.name) ?? [])
    const own = p.dims.map((dim, axis) => X.index(letters[axis] ?? `axis${axis}`, dim))
    const over = perSystem ? [s, ...own] : own
    Tape.declare(
      tape,
      name,
      over.map((i) => i.dim),
      'value'
    )
    const one = share === undefined ? X.zero : X.tensor(share)(s, ...own)
    const equation: Equation = {
      defines: name,
      over,
      value: perSystem || share === undefined ? one : X.sum([s], one),
      rule: perSystem ? 'cotangents of parameters' : 'sum over systems',
      part: 'vjp',
      path: p.name,
      labels: share === undefined ? { [name]: 'total' } : { [name]: 'total', [share]: 'each' }
    }
    tape.equations.push(equation)
    return name
  })

/** `x` from parameters, `A` and `b`. */
export const forward = (typed: Typed): Equations => {
  const { tape, x } = start(typed)
  return close(typed, tape, [x])
}

/**
 * The VJP: from parameters, `A`, `b` and the cotangent `dx`, the cotangent `d(p)` of every parameter p, and `x`.
 *
 * With `perSystem`, each system's own: the rows of a Jacobian when `dx` is one-hot.
 */
export const vjp = (typed: Typed, options: { readonly perSystem: boolean }): Equations => {
  const { tape, x } = start(typed)
  const dx = Tape.declare(tape, 'dx', [Dim.batch, Dim.n], 'data')
  const cotangents = Tape.pullBack(tape, { [x]: dx })
  return close(typed, tape, [x, ...parameterCotangents(tape, typed, cotangents, options.perSystem)])
}

/** Mean square loss against `target`, and the gradient of every parameter. */
const gradients = (typed: Typed) => {
  const { tape, x } = start(typed)
  const target = Tape.declare(tape, 'target', [Dim.batch, Dim.n], 'data')
  const out = Tape.apply(tape, meanSquare, '', { x, target }, {}, { part: 'loss' })
  const loss = out['loss'] as string
  // The loss is the end of the tape: its cotangent is one, and the rule's VJP is written for that.
  const cotangents = Tape.pullBack(tape, { [loss]: loss })
  return { tape, x, loss, names: parameterCotangents(tape, typed, cotangents, false) }
}

/** The loss and its gradient: outputs `loss` and every `d(p)`. */
export const gradient = (typed: Typed): Equations => {
  const { tape, loss, names } = gradients(typed)
  return close(typed, tape, [loss, ...names])
}

/**
 * A training step as one program: forward, loss, gradient and update. (parameters, optimiser state, batch, rate) become
 * new parameters and state, named in `updates`; the output is the loss before the step.
 */
export const step = (typed: Typed, optimiser: Optimiser): Equations => {
  const { tape, loss, names } = gradients(typed)
  const made = updates(
    tape,
    typed.parameters.map((p, k) => ({ name: p.name, dims: p.dims, gradient: names[k] as string })),
    optimiser
  )
  return { ...close(typed, tape, [loss, ...made.outputs]), updates: made.updates }
}

/** One update from given gradients: what the agreement ladder judges an optimiser by. */
export const update = (typed: Typed, optimiser: Optimiser): Equations => {
  const tape = Tape.empty()
  for (const p of typed.parameters) Tape.declare(tape, p.name, p.dims, 'parameter')
  const made = updates(
    tape,
    typed.parameters.map((p) => ({
      name: p.name,
      dims: p.dims,
      gradient: Tape.declare(tape, cotangent(p.name), p.dims, 'data')
    })),
    optimiser
  )
  return { ...close(typed, tape, made.outputs), name: `${typed.model.name} update`, updates: made.updates }
}
