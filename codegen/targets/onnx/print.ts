/**
 * The ONNX target: the equations of a forward pass as one graph, from `A [batch,n,n]` and `b [batch,n]` to `x [batch,n]`, for
 * one n and any number of systems. It prints from equations, of any rank, and leaves order and fusion to what runs the graph.
 */
import * as Dim from '../../../spec/dim'
import type { Equation, Equations, Tensor } from '../../equation'
import { inputs } from '../../equation'
import { valueOf } from '../../schedules/affine'
import { type Axis, type Builder, builder, expand, finish, type Labelled, node, reshape, transpose } from './builder'
import { express } from './express'
import type { Graph, Size } from './graph'
import { binding, type Scope, type Stored } from './scope'

const isBatch = (d: Dim.Dim): boolean => Dim.equals(d, Dim.batch)

const sizeOf = (sizes: Dim.Sizes, d: Dim.Dim): Size => (isBatch(d) ? 'batch' : valueOf(sizes)(d))

const axesOf = (dims: readonly Size[]): readonly Axis[] => dims.map((size, k) => ({ name: `axis ${k}`, size }))

/** An input as the equations have it, which leave out axes of size one. */
const given = (b: Builder, t: Tensor, outer: readonly Size[], sizes: Dim.Sizes): Stored => {
  const axes = t.dims.map((d) => sizeOf(sizes, d))
  b.place = t.name
  return { value: reshape(b, { value: t.name, axes: axesOf(outer) }, axesOf(axes)).value, axes }
}

/** The array of an equation, and what is known of it by the axes of the tensor that it defines. */
const defined = (scope: Scope, eq: Equation): { readonly made: Labelled; readonly stored: Stored } => {
  const inner = binding(
    scope,
    eq.over.map((i) => ({ name: i.name, size: sizeOf(scope.sizes, i.dim) }))
  )
  const found = express(inner, eq.value)
  const own = new Map(found.axes.map((a) => [a.name, a.size]))
  const order = eq.over.map((i) => i.name)
  const made = transpose(
    scope.b,
    found,
    order.filter((name) => own.has(name))
  )
  return { made, stored: { value: made.value, axes: order.map((name) => own.get(name) ?? null) } }
}

/** The graph of equations that give `x`, at a size of the systems. */
export const print = (e: Equations, n: number): Graph => {
  const sizes = { n }
  const b = builder()
  const [x] = e.outputs
  if (x === undefined || e.outputs.length !== 1) throw new Error('internal: an ONNX graph has one output')
  const outer: Readonly<Record<string, readonly Size[]>> = { A: ['batch', n, n], b: ['batch', n], [x]: ['batch', n] }
  const all = inputs(e)
  for (const t of all) b.names.add(t.name)
  for (const eq of e.equations) b.names.add(eq.defines)
  const parameters = all
    .filter((t) => t.role === 'parameter')
    .map((t) => ({ name: t.name, dims: t.dims.map(valueOf(sizes)) }))
  const stored = new Map(
    all.map((t): [string, Stored] => [
      t.name,
      t.role === 'data'
        ? given(b, t, outer[t.name] as readonly Size[], sizes)
        : { value: t.name, axes: t.dims.map(valueOf(sizes)) }
    ])
  )
  const renamed = new Map<string, string>()
  const scope: Scope = { b, sizes, stored, ranges: new Map(), order: [], guarded: false }
  for (const eq of e.equations) {
    const before = b.nodes.length
    b.place = eq.defines
    const { made, stored: own } = defined(scope, eq)
    stored.set(eq.defines, own)
    if (eq.defines === x) {
      const axes = eq.over.map((i) => ({ name: i.name, size: sizeOf(sizes, i.dim) }))
      const whole = reshape(b, expand(b, made, axes), axesOf(outer[x] as readonly Size[]))
      renamed.set(node(b, 'Identity', [whole.value], outer[x] as readonly Size[]), x)
    } else if (b.nodes.slice(before).some((one) => one.output === made.value)) renamed.set(made.value, eq.defines)
  }
  const value = (name: string) => ({ name, dims: outer[name] as readonly Size[] })
  return finish(b, { name: e.name, inputs: [value('A'), value('b')], outputs: [value(x)], parameters, renamed })
}
