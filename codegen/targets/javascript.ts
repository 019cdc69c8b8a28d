/**
 * The plain JavaScript target: float64, one function a kernel, flat arrays, sizes as literals. It trains where float64 is
 * needed and checks guarantees, since no gpu.js backend returns float64.
 */
import * as Dim from '../../spec/dim'
import { showEquation } from '../formula'
import type { Plan, PlanKernel } from '../plan'
import type { Target } from '../schedule'
import { type Dialect, emit, javascriptWords } from './emit'

export const javascript: Target = { name: 'javascript', mostArrays: null }

/** One function text for each kernel of the plan, in order: `function NAME(out, inputs...)`. */
export interface JavaScriptProgram {
  readonly plan: Plan
  readonly functions: readonly string[]
}

const printKernel = (k: PlanKernel, sizes: Dim.Sizes): string => {
  const valueOf = (d: Dim.Dim): number => {
    const value = Dim.evaluate(sizes)(d)
    if (value._tag === 'Left') throw new Error(`internal: the size ${value.left} has no value`)
    return value.right
  }
  const axesOf = new Map(k.parameters.map((p) => [p.label, p.axes.map(valueOf)]))
  const dialect: Dialect = {
    words: javascriptWords,
    size: (d) => String(valueOf(d)),
    quotient: (over, by) => `Math.floor((${over}) / ${by})`,
    read: (label, at) => {
      const dims = axesOf.get(label) ?? []
      const terms = at.map((p, axis) => {
        const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1)
        const own = /^\w+$/.test(p) ? p : `(${p})`
        return stride === 1 ? own : `${own} * ${stride}`
      })
      return `${label}[${terms.length === 0 ? '0' : terms.join(' + ')}]`
    }
  }
  const labels = k.parameters.map((p) => p.label)
  const scope = new Map(k.over.map((i) => [i.name, i.name]))
  const pad = '  '.repeat(k.over.length + 1)
  const { lines, result } = emit(k.value, scope, [...labels, 'out', 'at'], dialect, pad)
  return [
    `function ${k.name}(${['out', ...labels].join(', ')}) {`,
    `  // ${showEquation(k.label, k.over, k.value, (name) => name)}`,
    '  let at = 0;',
    ...k.over.map(
      (i, depth) => `${'  '.repeat(depth + 1)}for (let ${i.name} = 0; ${i.name} < ${valueOf(i.dim)}; ${i.name}++) {`
    ),
    ...lines,
    `${pad}out[at++] = ${result};`,
    ...k.over.map((_, depth) => `${'  '.repeat(k.over.length - depth)}}`),
    '}'
  ].join('\n')
}

export const print = (plan: Plan): JavaScriptProgram => ({
  plan,
  functions: plan.kernels.map((k) => printKernel(k, plan.sizes))
})
