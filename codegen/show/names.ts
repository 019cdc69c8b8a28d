/** What the tensors of one section of a derivation are called: forward names first, and a cotangent after its value. */
import { type Equation, type Equations, labelOf } from '../equation'
import * as X from '../expr'

/** Rules that read the answer. */
export const readouts = ['read the query', 'read every token', 'read all tokens', 'undo the scale of b']

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** What attention calls the values that it is made of, by its rule. */
const inAttention: Readonly<Record<string, RegExp>> = {
  'linear attention': /^[UVuv]$/,
  'softmax attention': /^[QKV]$/
}

export const isStep = (eq: Equation, tensor: string): boolean =>
  eq.rule === 'residual' && labelOf(eq, tensor).endsWith('_step')

/** Display names of the tensors that the equations of one section speak of. */
export const namesIn = (own: readonly Equation[], all: Equations): ((tensor: string) => string) => {
  const forward = own.filter((eq) => eq.part === 'forward')
  const defined = new Map(own.map((eq) => [eq.defines, eq]))
  const names = new Map<string, string>()
  const readers = (tensor: string): readonly Equation[] => forward.filter((eq) => X.tensors(eq.value).includes(tensor))

  /** What the equation that defines a tensor calls it; the steps of a recurrence go by their numbers. */
  const ownWord = (tensor: string): string => {
    const eq = defined.get(tensor)
    return eq === undefined || eq.rule === 'chebyshev' ? lastWord(tensor) : labelOf(eq, tensor)
  }
  /** Maps into heads and out of them are one kernel, and four weights: `W_Q`, `W_K`, `W_V`, `W_O`. */
  const labelOfParameter = (tensor: string): string | undefined => {
    const reader = own.find((eq) => X.tensors(eq.value).includes(tensor))
    if (reader === undefined) return undefined
    const label = labelOf(reader, tensor)
    return reader.rule.endsWith('heads') ? `${label}_${lastWord(reader.path)}` : label
  }

  const forwardName = (tensor: string): string => {
    const role = all.tensors[tensor]?.role
    const eq = defined.get(tensor)
    const word = ownWord(tensor)
    if (role === 'parameter') return labelOfParameter(tensor) ?? word
    if (role !== 'value') return lastWord(tensor)
    if (eq?.rule === 'residual') return `${lastWord(tensor)}'`
    const attention = readers(tensor).find((r) => inAttention[r.rule]?.test(labelOf(r, tensor)))
    if (attention !== undefined) return labelOf(attention, tensor)
    const [reader] = readers(tensor)
    const byReader = eq === undefined || (eq.rule !== 'equation encoding' && readouts.includes(reader?.rule ?? ''))
    return reader === undefined || !byReader ? word : labelOf(reader, tensor)
  }

  /** The parameter whose cotangent an equation gives: what its rule calls so in its forward equations. */
  const parameterOf = (eq: Equation): string | undefined => {
    const label = labelOf(eq, eq.defines).slice(1)
    const reader = forward.filter((f) => f.path === eq.path && f.rule === eq.rule)
    return reader
      .flatMap((f) => X.tensors(f.value).filter((name) => labelOf(f, name) === label))
      .find((name) => all.tensors[name]?.role === 'parameter')
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
    if (eq === undefined || eq.rule === 'sum of cotangents') return eq && tensor.replace(/d([^.]+)$/, '$1')
    return parameterOf(eq)
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
