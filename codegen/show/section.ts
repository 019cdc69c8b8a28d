/**
 * Sections of a derivation: the encoding, every layer, the readout, each with the forward equations and the VJP equations
 * that belong to it, in names that mean one thing inside the section.
 */
import type { Typed, TypedLayer } from '../../spec/infer'
import type { Krylov, Layer } from '../../spec/layer'
import * as W from '../../spec/weight'
import { type Equation, type Equations, labelOf } from '../equation'
import * as X from '../expr'
import { simplify } from '../simplify'
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
    case 'scale':
      return 'scale'
    case 'chebyshev':
      return (
        `Chebyshev polynomial of degree ${layer.degree} on [${short(layer.low)}, ${short(layer.high)}]` +
        (layer.stride === 1 ? '' : ` in strides of ${layer.stride}`)
      )
    case 'krylov':
      return `${describe(layer.body)}, in coordinates of a block Krylov space on [${short(layer.low)}, ${short(layer.high)}]`
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

const readouts = ['read the query', 'read every token', 'read all tokens', 'undo the scale of b']
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

// --- names -----------------------------------------------------------------------------------------------------------

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

const isStep = (eq: Equation, tensor: string): boolean =>
  eq.rule === 'residual' && labelOf(eq, tensor).endsWith('_step')

/** Display names of the tensors that the equations of one section speak of. */
const namesIn = (own: readonly Equation[], all: Equations): ((tensor: string) => string) => {
  const forward = own.filter((eq) => eq.part === 'forward')
  const defined = new Map(own.map((eq) => [eq.defines, eq]))
  const names = new Map<string, string>()
  const readers = (tensor: string): readonly Equation[] => forward.filter((eq) => X.tensors(eq.value).includes(tensor))

  /** What the equation that defines a tensor calls it; the steps of a recurrence go by their numbers. */
  const ownWord = (tensor: string): string => {
    const eq = defined.get(tensor)
    return eq === undefined || eq.rule === 'chebyshev' ? lastWord(tensor) : labelOf(eq, tensor)
  }
  const labelByReader = (tensor: string): string | undefined => {
    const reader = own.find((eq) => X.tensors(eq.value).includes(tensor))
    return reader === undefined ? undefined : labelOf(reader, tensor)
  }

  const forwardName = (tensor: string): string => {
    const role = all.tensors[tensor]?.role
    const eq = defined.get(tensor)
    const word = ownWord(tensor)
    if (role === 'parameter') return labelByReader(tensor) ?? word
    if (role !== 'value') return lastWord(tensor)
    if (eq?.rule === 'residual') return `${lastWord(tensor)}'`
    const attention = readers(tensor).find((r) => r.rule === 'linear attention' && /^[UVuv]$/.test(labelOf(r, tensor)))
    if (attention !== undefined) return labelOf(attention, tensor)
    const [reader] = readers(tensor)
    const byReader = eq === undefined || (eq.rule !== 'equation encoding' && readouts.includes(reader?.rule ?? ''))
    return reader === undefined || !byReader ? word : labelOf(reader, tensor)
  }

  /** The value whose cotangent a tensor is, as the equations that read it tell. */
  const cotangentOf = (tensor: string): string | undefined => {
    for (const eq of own) {
      const label = eq.part === 'vjp' && X.tensors(eq.value).includes(tensor) ? labelOf(eq, tensor) : ''
      if (!label.startsWith('d')) continue
      const value = forward.find(
        (f) => f.path === eq.path && f.rule === eq.rule && labelOf(f, f.defines) === label.slice(1)
      )
      if (value === undefined) continue
      // Past a residual nothing changes: the cotangent of what it adds is that of its sum.
      const past = readers(value.defines)
      return past.length === 1 && isStep(past[0] as Equation, value.defines) ? past[0]?.defines : value.defines
    }
    const eq = defined.get(tensor)
    return eq?.rule === 'sum of cotangents' ? tensor.replace(/d([^.]+)$/, '$1') : undefined
  }

  /** What alone leaves the section. */
  const onlyOutput = (): string | undefined => {
    const out = forward.filter((eq) => readers(eq.defines).length === 0)
    return out.length === 1 ? out[0]?.defines : undefined
  }

  const vjpName = (tensor: string): string => {
    const value = cotangentOf(tensor) ?? (defined.has(tensor) ? undefined : onlyOutput())
    return value === undefined ? ownWord(tensor) : `d${nameOf(value)}`
  }

  const backward = new Set(all.equations.filter((eq) => eq.part === 'vjp').map((eq) => eq.defines))
  const nameOf = (tensor: string): string => {
    const known = names.get(tensor)
    if (known !== undefined) return known
    const wish = backward.has(tensor) || tensor === 'dx' ? vjpName(tensor) : forwardName(tensor)
    const taken = new Set(names.values())
    let name = wish
    for (let k = 2; taken.has(name); k++) name = `${wish}${k}`
    names.set(tensor, name)
    return name
  }
  return nameOf
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
