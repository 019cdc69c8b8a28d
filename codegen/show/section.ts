/**
 * Sections of a derivation: the encoding, every layer, the readout, each with the forward equations and the VJP equations
 * that belong to it, in names that mean one thing inside the section.
 */
import type { Typed, TypedLayer } from '../../spec/infer'
import type { Krylov, Layer } from '../../spec/layer'
import * as W from '../../spec/weight'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { simplify } from '../simplify'
import { isStep, namesIn, readouts } from './names'
import { byRange, gathered, renameReads, writtenAt } from './rewrite'

// --- model -----------------------------------------------------------------------------------------------------------

/** An equation in display names. `group` counts the operations of the section in forward order. */
export interface Line {
  readonly group: number
  readonly defines: string
  readonly over: readonly X.Index[]
  readonly value: X.Expr
}

export interface Section {
  readonly kind: 'encoding' | 'layer' | 'readout'
  readonly title: string
  readonly forward: readonly Line[]
  /** In the order of execution. */
  readonly vjp: readonly Line[]
}

// --- which equation stands where --------------------------------------------------------------------------------------

/** Six digits at most. */
const short = (value: number): string => String(Number(value.toPrecision(6)))

const describe = (layer: Layer): string => {
  switch (layer._tag) {
    case 'linearMap':
      return `linear map${layer.out === null ? '' : ` to ${layer.out}`} (W ${W.show(layer.weight)}${layer.bias ? ', bias' : ''})`
    case 'linearAttention': {
      const heads = layer.heads === 1 ? '' : `${layer.heads} heads, `
      return `linear attention (${heads}P ${W.show(layer.P)}, Q ${W.show(layer.Q)})`
    }
    case 'softmaxAttention':
      return `softmax attention (${layer.heads} heads, mask ${layer.mask})`
    case 'layerNorm':
      return 'layer norm'
    case 'gelu':
      return layer.form === 'exact' ? 'GELU' : 'GELU by tanh'
    case 'positions':
      return 'learned positions'
    case 'recurrent':
      return `${layer.cell._tag.toUpperCase()} of ${layer.hidden} numbers, ${layer.direction === 'both' ? 'both ways' : layer.direction}`
    case 'entries':
      return 'entries of columns'
    case 'columnMeans':
      return 'means of columns'
    case 'scale':
      return 'scale'
    case 'chebyshev':
      return (
        `Chebyshev polynomial of degree ${layer.degree} on [${short(layer.low)}, ${short(layer.high)}]` +
        (layer.stride === 1 ? '' : ` in strides of ${layer.stride}`)
      )
    case 'krylov':
      return `${describe(layer.body)}, in coordinates of a block Krylov space on [${short(layer.low)}, ${short(layer.high)}]`
    case 'equilibrate':
      return `${describe(layer.body)}, of equilibrated columns`
    case 'residual':
      return `residual ${describe(layer.body)}`
    case 'repeat':
      return `${layer.times} times ${describe(layer.body)}`
    case 'sequence':
      return layer.layers.map(describe).join(', then ')
  }
}

interface Place {
  readonly at: string
  readonly title: string
}

const join = (place: string, name: string): string => (place === '' ? name : `${place}.${name}`)

/** The layers that have a section: what stands in repeats and sequences, a residual being one with its inside. */
const places = (typed: TypedLayer, at: string): readonly Place[] =>
  typed.layer._tag === 'repeat' || typed.layer._tag === 'sequence'
    ? typed.children.flatMap((child, k) => places(child, join(at, String(k))))
    : typed.layer._tag === 'krylov'
      ? inCoordinates(typed, typed.layer, join(at, 'krylov'))
      : [{ at, title: describe(typed.layer) }]

/** The layers of the body between what makes coordinates and what reads them. */
const inCoordinates = ({ children }: TypedLayer, { low, high }: Krylov, at: string): readonly Place[] => [
  { at: `${at}.basis`, title: `block Krylov space of b and the ones on [${short(low)}, ${short(high)}]` },
  { at: `${at}.start`, title: 'tokens in its coordinates' },
  ...children.flatMap((child) => places(child, join(at, 'body'))),
  { at: `${at}.answer`, title: 'from coordinates to x' }
]

const totals = ['sum over systems', 'cotangents of parameters']

const isUnder = (path: string, at: string): boolean => at === '' || path === at || path.startsWith(`${at}.`)

/** The section of every equation: a number of a layer, `encoding`, `readout`, or `undefined` for totals of parameters. */
type Where = number | 'encoding' | 'readout' | undefined

const whereOf = (e: Equations, layers: readonly Place[]): ReadonlyMap<string, Where> => {
  const found = new Map<string, Where>()
  const parameters = Object.values(e.tensors).filter((t) => t.role === 'parameter')
  const cotangents = new Set(parameters.map(({ name }) => name.replace(/([^.]+)$/, 'd$1')))
  for (const eq of e.equations) {
    if (totals.includes(eq.rule)) continue
    if (eq.rule === 'sum of cotangents') {
      // A sum belongs to the layer whose shares it adds; the first may have come past that layer by the residual.
      const last = X.tensors(eq.value).at(-1)
      if (!cotangents.has(eq.defines) && last !== undefined) found.set(eq.defines, found.get(last))
    } else if (isUnder(eq.path, 'encode')) found.set(eq.defines, 'encoding')
    else if (readouts.includes(eq.rule)) found.set(eq.defines, 'readout')
    else
      found.set(
        eq.defines,
        layers.findIndex(({ at }) => isUnder(eq.path, at))
      )
  }
  return found
}

// --- sections --------------------------------------------------------------------------------------------------------

const lettersOf = (over: readonly X.Index[]): readonly string[] => over.map((i) => i.name)

/** Write what a residual adds, and the shares of a sum of cotangents, where they are read. */
const written = (own: readonly Equation[]): readonly Equation[] => {
  const defined = new Map(own.map((eq) => [eq.defines, eq]))
  const uses = (tensor: string): number => own.filter((eq) => X.tensors(eq.value).includes(tensor)).length
  const gone = new Set<string>()
  const insideOf = (eq: Equation): Equation => {
    const sum = eq.rule === 'sum of cotangents'
    const mayGo = (tensor: string): boolean =>
      (sum || isStep(eq, tensor)) &&
      defined.has(tensor) &&
      own.filter((q) => X.tensors(q.value).includes(tensor) && q.part === eq.part).length === 1 &&
      (uses(tensor) === 1 || !sum)
    const inner = X.tensors(eq.value).filter(mayGo)
    const [first] = inner
    if (first === undefined) return eq
    const over = sum ? (defined.get(first) as Equation).over : eq.over
    const at = lettersOf(over)
    const value = X.mapReads((r) => {
      const share = defined.get(r.tensor)
      if (share === undefined || !inner.includes(r.tensor)) return r
      gone.add(r.tensor)
      return writtenAt(share.over, share.value, at)
    })(writtenAt(eq.over, eq.value, at))
    return { ...eq, over, value: gathered(simplify(value)) }
  }
  return own.map(insideOf).filter((eq) => !gone.has(eq.defines))
}

const sectionOf = (
  kind: Section['kind'],
  title: string,
  own: readonly Equation[],
  all: Equations,
  j: boolean
): Section => {
  const name = namesIn(own, all)
  // Forward names first, so that they get the plain letters.
  for (const eq of own.filter((q) => q.part === 'forward'))
    for (const t of [...X.tensors(eq.value), eq.defines]) name(t)
  const operations = [
    ...new Set(own.filter((eq) => eq.part === 'forward' && eq.rule !== 'residual').map((eq) => `${eq.path} ${eq.rule}`))
  ]
  const made = new Map(own.map((eq) => [eq.defines, eq]))
  /** A sum of cotangents stands with what defines the value, or above all where the value comes in from outside. */
  const operationOf = (eq: Equation): string => {
    if (eq.rule !== 'sum of cotangents') return `${eq.path} ${eq.rule}`
    const value = made.get(eq.defines.replace(/d([^.]+)$/, '$1'))
    return value === undefined ? '' : `${value.path} ${value.rule}`
  }
  const groupOf = (eq: Equation): number =>
    eq.rule === 'residual' ? operations.length - 1 : operations.indexOf(operationOf(eq))
  const line = (eq: Equation): Line => {
    const { over, value } = j ? byRange(eq.over, eq.value) : eq
    return { group: groupOf(eq), defines: name(eq.defines), over, value: renameReads(name)(value) }
  }
  const lines = written(own)
  const vjp = lines.filter((eq) => eq.part === 'vjp').map(line)
  // Cotangents of what comes in do not need each other: in the order that reads X, b upwards.
  const sums = vjp.filter((l) => l.group < 0).sort((p, q) => (p.defines < q.defines ? 1 : -1))
  return {
    kind,
    title,
    forward: lines.filter((eq) => eq.part === 'forward').map(line),
    vjp: [...vjp.filter((l) => l.group >= 0), ...sums]
  }
}

/** The sections of a model's lowered VJP, from the encoding to the readout. */
export const sections = (typed: Typed, e: Equations): readonly Section[] => {
  const layers = places(typed.body, '')
  const where = whereOf(e, layers)
  const of = (place: Where): readonly Equation[] =>
    e.equations.filter((eq) => where.has(eq.defines) && where.get(eq.defines) === place)
  const j = typed.tokens.query
  return [
    sectionOf('encoding', 'Encoding', of('encoding'), e, j),
    ...layers.map(({ title }, k) => sectionOf('layer', title, of(k), e, j)),
    sectionOf('readout', 'Readout', of('readout'), e, j)
  ]
}
