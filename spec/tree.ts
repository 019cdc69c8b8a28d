/**
 * A model as a tree for the eye: what it maps to what, the shapes, the weights and how many parameters each layer has.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as Dim from './dim'
import * as I from './infer'
import * as L from './layer'
import * as P from './parameter'
import * as T from './token'
import * as W from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

/** A line of the tree: its label, two columns to the right of it, and the lines below it. */
interface Node {
  readonly label: string
  readonly middle?: string
  readonly right?: string
  readonly children?: readonly Node[]
}

// --- layers ----------------------------------------------------------------------------------------------------------

/** A size, as a number where the model fits one n only. */
const showSize = (d: Dim.Dim, n: number | null): string =>
  n === null
    ? Dim.show(d)
    : pipe(
        Dim.evaluate({ n })(d),
        E.match(() => Dim.show(d), String)
      )

/** Six digits at most. */
const short = (value: number): string => String(Number(value.toPrecision(6)))

/** Counts of the weights of a layer: `2 x 41`, `41 + 17`, and `2 heads x ...` where there are more heads than one. */
const counts = (typed: I.TypedLayer, n: number | null, names: readonly string[], heads: number): string => {
  const each = names.map((name) => {
    const own = typed.parameters.filter((p) => p.name.startsWith(`${typed.path}.${name}.`))
    return showSize(P.total(own.map((p) => ({ ...p, dims: p.dims.slice(1) }))), n) // without the axis of heads
  })
  const same = each.every((c) => c === each[0])
  const alone = (c: string): string => (/[+*-]/.test(c) ? `(${c})` : c)
  const sum = each.length === 1 ? each[0]! : same ? `${each.length} x ${alone(each[0]!)}` : each.join(' + ')
  return heads === 1 ? sum : `${heads} x ${same ? sum : `(${sum})`}`
}

/** All that a layer owns, as one number. */
const ownCount = (typed: I.TypedLayer, n: number | null): string => showSize(P.total(typed.parameters), n)

const layerNode = (typed: I.TypedLayer, n: number | null): Node => {
  const children = typed.children.map((child) => layerNode(child, n))
  return L.match<Node>({
    linearMap: ({ weight, out, bias }) => ({
      label: out === null ? 'linear map' : `linear map to ${out}`,
      middle: `W ${W.show(weight)}${bias ? ', bias' : ''}`,
      right: bias ? ownCount(typed, n) : counts(typed, n, ['W'], 1)
    }),
    linearAttention: ({ heads, P: p, Q: q }) => ({
      label: 'linear attention',
      middle: `${heads === 1 ? '' : `${heads} heads, `}P ${W.show(p)}, Q ${W.show(q)}`,
      right: counts(typed, n, ['P', 'Q'], heads)
    }),
    softmaxAttention: ({ heads, mask, bias }) => ({
      label: 'softmax attention',
      middle: `${heads === 1 ? '1 head' : `${heads} heads`}, mask ${mask}${bias ? ', biases' : ''}`,
      right: ownCount(typed, n)
    }),
    layerNorm: ({ epsilon }) => ({ label: 'layer norm', middle: `epsilon ${epsilon}`, right: ownCount(typed, n) }),
    gelu: ({ form }) => ({ label: 'GELU', middle: form }),
    positions: ({ tokens }) => ({
      label: 'positions',
      middle: `learned, ${showSize(typed.before.count, tokens)} tokens`,
      right: ownCount(typed, n)
    }),
    recurrent: ({ cell, hidden, direction, tokens }) => ({
      label: cell._tag.toUpperCase(),
      middle: `${hidden} numbers, ${direction === 'both' ? 'both ways' : direction}, ${tokens} tokens`,
      right: ownCount(typed, n)
    }),
    entries: () => ({
      label: 'entries',
      middle: `tokens ${T.showShape(typed.after)}`,
      right: T.showParts(typed.after)
    }),
    columnMeans: () => ({ label: 'means of columns', middle: `tokens ${T.showShape(typed.after)}` }),
    scale: ({ initial }) => ({ label: 'scale', middle: `alpha, from ${initial}`, right: '1' }),
    chebyshev: ({ degree, low, high, stride }) => ({
      label: 'chebyshev',
      middle: `degree ${degree} on [${short(low)}, ${short(high)}]${stride === 1 ? '' : `, stride ${stride}`}`,
      right: `${degree + 1}`
    }),
    krylov: ({ blocks, query, part, low, high }) => ({
      label: 'krylov',
      middle: `${query === 'none' ? 'no query' : `query ${query}`}, ${part} of ${blocks + 1} blocks, [${short(low)}, ${short(high)}]`,
      children
    }),
    equilibrate: ({ answer }) => ({
      label: 'equilibrate',
      middle: `rows of A to norm 1, b to mean square 1${answer === 1 ? '' : `, answer times ${short(answer)}`}`,
      children
    }),
    residual: () => ({ label: 'residual', children }),
    repeat: ({ times, tied }) => ({
      label: `repeat ${times}`,
      ...(tied ? { middle: 'tied: one set of weights' } : {}),
      children: children.slice(0, 1)
    }),
    sequence: () => ({ label: 'sequence', children })
  })(typed.layer)
}

/** The children that stand in place of a sequence: its layers, so that only a nested one has a line of its own. */
const spliced = (node: Node): Node => ({
  ...node,
  ...(node.children === undefined
    ? {}
    : {
        children: node.children
          .map(spliced)
          .flatMap((child) => (child.label === 'sequence' && node.children!.length === 1 ? child.children! : [child]))
      })
})

// --- encodings and readouts ------------------------------------------------------------------------------------------

const encodingNode = (typed: I.Typed): Node => {
  const { encoding } = typed.model
  const middle = `tokens ${T.showShape(typed.tokens)}`
  const right = T.showParts(typed.tokens)
  if (encoding._tag === 'columns') return { label: 'columns', middle, right }
  const { embedding, query, bScale } = encoding
  const embeddings = T.embeddingParts(embedding).map((p) => p.name)
  const rest = embeddings.length === 0 ? '' : `, ${query === 'paper' ? 1 : 0} in ${embeddings.join(' ')}`
  return {
    label: 'equations',
    middle,
    right,
    children: [
      ...(embedding._tag === 'learned'
        ? [{ label: 'embedding', middle: 'learned', right: `${embedding.tokens * embedding.width}` }]
        : []),
      query === 'none' ? { label: 'query', middle: 'none' } : { label: 'query', middle: `0 in A, 1 in b${rest}` },
      { label: 'b', middle: bScale === null ? 'as it is' : `${bScale} b / ||b||` }
    ]
  }
}

const readoutNode = (typed: I.Typed): Node => {
  const { _tag, part } = typed.model.readout
  switch (_tag) {
    case 'query':
      return { label: `query ${part}`, middle: 'x [n]' }
    case 'perToken':
      return { label: `${part} of every token`, middle: 'x [n]' }
    case 'transposed':
      return { label: `${part}^T b over all tokens`, middle: 'x [n]' }
  }
}

// --- printing --------------------------------------------------------------------------------------------------------

/** A line before its columns are aligned. */
type Line = readonly [label: string, middle: string, right: string]

const lines = (nodes: readonly Node[], stem: string): readonly Line[] =>
  nodes.flatMap((node, k): readonly Line[] => {
    const last = k === nodes.length - 1
    return [
      [`${stem}${last ? '└─ ' : '├─ '}${node.label}`, node.middle ?? '', node.right ?? ''],
      ...lines(node.children ?? [], `${stem}${last ? '   ' : '│  '}`)
    ]
  })

const longest = (texts: readonly string[]): number => Math.max(...texts.map((t) => t.length))

/** The tree of a model that was judged already. */
export const showTyped = (typed: I.Typed): string => {
  const inner = spliced({ label: '', children: [layerNode(typed.body, typed.n)] }).children!
  const body = lines([encodingNode(typed), ...inner, readoutNode(typed)], '')
  const title = `${typed.model.name} : (A [n,n], b [n]) -> x [n]`
  const label = longest(body.map(([text]) => text)) + 3
  const right = label + longest(body.map(([, text]) => text)) + 3
  const total = showSize(P.total(typed.parameters), typed.n)
  const summary = `${total} parameter${total === '1' ? '' : 's'}, ${typed.n === null ? 'any n' : `n = ${typed.n}`}`
  return [
    `${title.padEnd(right - 3)}   ${summary}`,
    ...body.map(([a, b, c]) => `${`${a.padEnd(label)}${b}`.padEnd(right)}${c}`.trimEnd())
  ].join('\n')
}

/** The tree of a model, or the first thing that is wrong with it. */
export const show = (model: I.Typed['model']): E.Either<I.ShapeError, string> => pipe(I.infer(model), E.map(showTyped))
