/**
 * Kernels of equations: what an equation computes in its own labels, wherever in the model it stands, and a text by which
 * equal ones are known before any is built.
 */
import * as Dim from '../spec/dim'
import { type Equation, type Equations, labelOf } from './equation'
import * as X from './expr'
import type { PlanKernel } from './plan'

// --- names -----------------------------------------------------------------------------------------------------------

const words = new Map<string, string>()

/** A label as a name in a kernel. */
const word = (text: string): string => {
  const known = words.get(text)
  if (known !== undefined) return known
  const made = text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  words.set(text, made)
  return made
}

const nameIn = (eq: Equation, tensor: string): string => word(labelOf(eq, tensor))

// --- texts -----------------------------------------------------------------------------------------------------------

const texts = new WeakMap<Dim.Dim, string>()

const dimText = (d: Dim.Dim): string => {
  const known = texts.get(d)
  if (known !== undefined) return known
  const made = Dim.show(d)
  texts.set(d, made)
  return made
}

const indexText = (over: readonly X.Index[]): string => {
  let text = ''
  for (const i of over) text += `${i.name}:${dimText(i.dim)},`
  return text
}

const positionText = (p: X.Position): string => {
  switch (p._tag) {
    case 'index':
      return p.name
    case 'size':
      return `#${dimText(p.dim)}`
    case 'plus':
      return `(${positionText(p.left)}+${positionText(p.right)})`
    case 'times':
    case 'quotient':
    case 'remainder':
      return `${p._tag}(${positionText(p.of)},${dimText(p.by)})`
  }
}

const exprText = (eq: Equation, e: X.Expr): string => {
  switch (e._tag) {
    case 'number':
      return Object.is(e.value, -0) ? '-0' : String(e.value)
    case 'extent':
      return `#${dimText(e.dim)}`
    case 'read': {
      let text = `${nameIn(eq, e.tensor)}[`
      for (const p of e.at) text += `${positionText(p)},`
      return `${text}]`
    }
    case 'sum':
    case 'max':
      return `${e._tag}(${indexText(e.over)};${exprText(eq, e.body)})`
    case 'where': {
      const { _tag, left, right } = e.when
      const [yes, no] = [exprText(eq, e.yes), exprText(eq, e.no)]
      return `where(${_tag},${positionText(left)},${positionText(right)};${yes};${no})`
    }
    case 'add':
    case 'multiply':
    case 'divide':
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
    case 'largest': {
      let text = `${e._tag}(`
      for (const part of X.parts(e)) text += `${exprText(eq, part)};`
      return `${text})`
    }
  }
}

/** Two equations have one kernel exactly when these texts are equal. */
export const keyOf = (e: Equations, eq: Equation): string => {
  let text = `${word(eq.rule)}|${eq.part}|${labelOf(eq, eq.defines)}|${indexText(eq.over)}|`
  for (const name of X.tensors(eq.value)) {
    text += `${nameIn(eq, name)}:`
    for (const d of e.tensors[name]?.dims ?? []) text += `${dimText(d)},`
    text += ' '
  }
  return `${text}|${exprText(eq, eq.value)}`
}

// --- kernels ---------------------------------------------------------------------------------------------------------

/** The equation in its own labels. */
export const kernelOf = (e: Equations, eq: Equation): PlanKernel => {
  const label = labelOf(eq, eq.defines)
  return {
    name: `${word(eq.rule)}_${word(label)}`,
    part: eq.part,
    label,
    parameters: X.tensors(eq.value).map((name) => ({ label: nameIn(eq, name), axes: e.tensors[name]?.dims ?? [] })),
    over: eq.over,
    value: X.mapReads((r) => ({ ...r, tensor: nameIn(eq, r.tensor) }))(eq.value)
  }
}

const duplicate = (labels: readonly string[]): string | undefined => labels.find((w, k) => labels.indexOf(w) !== k)

/** Every name in a kernel means one thing: arrays and indices share none. */
export const nameFault = (k: PlanKernel): string | undefined => {
  const labels = k.parameters.map((p) => p.label)
  const twice = duplicate(labels)
  if (twice !== undefined) return `kernel ${k.name} calls two arrays ${twice}`
  const indices = new Set([...k.over, ...X.reductions(k.value).flatMap((s) => s.over)].map((i) => i.name))
  const shared = labels.find((l) => indices.has(l))
  return shared === undefined ? undefined : `kernel ${k.name} calls an array and an index ${shared}`
}

/** Kernels of one rule and label that differ (a last layer without a consumer, say) are told apart by a number. */
export const numberKernels = (kernels: readonly PlanKernel[]): readonly PlanKernel[] => {
  const seen = new Map<string, number>()
  return kernels.map((k) => {
    const count = (seen.get(k.name) ?? 0) + 1
    seen.set(k.name, count)
    return count === 1 ? k : { ...k, name: `${k.name}_${count}` }
  })
}
