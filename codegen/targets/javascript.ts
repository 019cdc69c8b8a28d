/**
 * The plain JavaScript target: float64, one function a kernel, flat arrays, sizes as literals. It trains where float64 is
 * needed and checks guarantees, since no gpu.js backend returns float64.
 */
import * as Dim from '../../spec/dim'
import * as X from '../expr'
import { showEquation } from '../formula'
import type { Plan, PlanKernel } from '../plan'
import type { Target } from '../schedule'
import { type Dialect, type Functions, flatAddress, javascriptWords } from './dialect'
import { emit } from './emit'

export const javascript: Target = {
  name: 'javascript',
  mostArrays: null,
  errors: { exp: 2 ** -51, erf: 2 ** -49, tanh: 2 ** -51 }
}

/** One function text for each kernel of the plan, in order: `function NAME(out, inputs...)`. */
export interface JavaScriptProgram {
  readonly plan: Plan
  readonly functions: readonly string[]
}

/**
 * `erf` by the series `2/sqrt(pi) exp(-x^2) sum_k 2^k x^(2k+1) / (2k+1)!!` below 2.25 and by the continued fraction of
 * `1 - erf` above; relative error below 2^-49.
 */
const erf = [
  '  const erf = (x) => {',
  '    const size = Math.abs(x), z = x * x;',
  '    if (size >= 6) return x > 0 ? 1 : -1;',
  '    if (size < 2.25) {',
  '      let term = x, sum = x;',
  '      for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (2 * z) / k;',
  '      return 1.1283791670955126 * Math.exp(-z) * sum;',
  '    }',
  '    let below = size;',
  '    for (let k = 16; k > 0; k -= 0.5) below = size + k / below;',
  '    const rest = (0.5641895835477563 * Math.exp(-z)) / below;',
  '    return x > 0 ? 1 - rest : rest - 1;',
  '  };'
]

/** The functions of JavaScript itself, which are within a few units of float64 rounding, and an `erf` of our own. */
const functions: Functions = {
  exp: (of) => `Math.exp(${of})`,
  erf: (of) => `erf(${of})`,
  tanh: (of) => `Math.tanh(${of})`
}

const uses = (tag: X.Special, e: X.Expr): boolean => e._tag === tag || X.parts(e).some((part) => uses(tag, part))

const printKernel = (k: PlanKernel, sizes: Dim.Sizes): string => {
  const valueOf = (d: Dim.Dim): number => {
    const value = Dim.evaluate(sizes)(d)
    if (value._tag === 'Left') throw new Error(`internal: the size ${value.left} has no value`)
    return value.right
  }
  const axesOf = new Map(k.parameters.map((p) => [p.label, p.axes.map(valueOf)]))
  const dialect: Dialect = {
    words: javascriptWords,
    functions,
    size: (d) => String(valueOf(d)),
    quotient: (over, by) => `Math.floor((${over}) / ${by})`,
    read: (label, at) => `${label}[${flatAddress(axesOf.get(label) ?? [], at)}]`
  }
  const labels = k.parameters.map((p) => p.label)
  const scope = new Map(k.over.map((i) => [i.name, i.name]))
  const pad = '  '.repeat(k.over.length + 1)
  const { lines, result } = emit(k.value, scope, [...labels, 'out', 'at', 'erf'], dialect, pad)
  return [
    `function ${k.name}(${['out', ...labels].join(', ')}) {`,
    `  // ${showEquation(k.label, k.over, k.value, (name) => name)}`,
    ...(uses('erf', k.value) ? erf : []),
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
