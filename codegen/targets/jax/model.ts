/**
 * A model as Python functions on arrays: `forward`, its hand-derived VJP, and the gradient of the loss, from the equations as
 * they were lowered. A function a rule; a line a place.
 */
import type { Typed } from '../../../spec/infer'
import type { Equations } from '../../equation'
import * as lower from '../../lower'
import { identifier, printGroups, type Step } from './groups'
import { totalled } from './totals'

/** What the functions are given by name: `contract` and `take` stand at the head of the program. */
export interface ModelText {
  /** One function a rule. */
  readonly functions: string
  /** `forward`, `vjp` and `gradient`. */
  readonly whole: string
}

/** `2.attention.Q.Y` as `attention_Q_Y_2`: where first, numbers last. */
const nameOf = (tensor: string): string => {
  const words = tensor.split('.')
  const numbers = words.filter((w) => /^[0-9]+$/.test(w))
  return identifier([...words.filter((w) => !/^[0-9]+$/.test(w)), ...numbers].join('_').replace(/'/g, '_next'))
}

/** Totals that are a copy: what is copied goes by the name of the total, and the copy is no line. */
const copies = (e: Equations): ReadonlyMap<string, string> =>
  new Map(
    e.equations.flatMap((eq) =>
      eq.rule === 'sum over systems' && eq.value._tag === 'read' ? [[eq.value.tensor, eq.defines] as const] : []
    )
  )

/**
 * The name of every tensor in the lines of the program: a parameter by its own, a value of the forward pass as an attribute of
 * `v`, a cotangent by itself.
 */
const namesOf = (e: Equations): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  const taken = new Set(['p', 'A', 'b', 'v', 'd', 'n', 'batch'])
  const backwards = new Set(e.equations.filter((eq) => eq.part === 'vjp').map((eq) => eq.defines))
  const total = copies(e)
  for (const { name: own, role } of Object.values(e.tensors)) {
    const name = total.get(own) ?? own
    if (role === 'parameter') names.set(name, `p['${name}']`)
    else if (name !== own) names.set(own, `d['${name.slice(2, -1)}']`)
    else if (role !== 'value') names.set(name, name)
    else if (/^d\(/.test(name)) names.set(name, `d['${name.slice(2, -1)}']`)
    else {
      let word = nameOf(name)
      while (taken.has(word)) word = `${word}_`
      taken.add(word)
      names.set(name, backwards.has(name) ? word : `v.${word}`)
    }
  }
  return names
}

const widest = 116

const lineOf = (step: Step, name: (tensor: string) => string): string => {
  switch (step._tag) {
    case 'zero':
      return `    ${name(step.defines)} = jnp.zeros_like(${name(step.defines).replace(/^d/, 'p')})`
    case 'sum':
      return `    ${name(step.defines)} = ${step.terms.map(name).join(' + ')}`
    case 'call': {
      const results = step.results.map((r) => (r === null ? '_' : name(r))).join(', ')
      const args = [...step.sizes, ...step.inputs.map(name)]
      const line = `    ${results} = ${step.function}(${args.join(', ')})`
      return line.length <= widest ? line : `    ${results} = ${step.function}(\n        ${args.join(', ')}\n    )`
    }
  }
}

export const modelText = (typed: Typed): ModelText => {
  const e = totalled(lower.gradient(typed))
  const loss = e.outputs[0] as string
  const total = copies(e)
  const copied = new Set(total.values())
  const all = { ...e, equations: e.equations.filter((eq) => !copied.has(eq.defines)) }
  const { functions, steps } = printGroups(all, [...e.outputs, ...total.keys(), 'x'])
  const names = namesOf(e)
  const name = (tensor: string): string => names.get(tensor) as string
  // The cotangent of x comes in where the answer's VJP begins.
  const pullsLoss = (step: Step): boolean => step._tag === 'call' && step.function === 'mean_square_error_vjp'
  const lines = (of: readonly Step[]): readonly string[] => of.map((step) => lineOf(step, name))
  const part = (own: Step['part']): readonly Step[] => steps.filter((s) => s.part === own && !pullsLoss(s))
  const whole = [
    'def forward(p, A, b):',
    '    """The answers v.x to A x = b, and every value on the way that the VJP reads."""',
    '    batch, n = b.shape',
    '    v = SimpleNamespace()',
    ...lines(part('forward')),
    '    return v',
    '',
    '',
    'def vjp(p, A, b, v, dx):',
    '    """The cotangent of every parameter for the cotangent dx of the answers, summed over systems."""',
    '    batch, n = b.shape',
    '    d = {}',
    ...lines(part('vjp')),
    '    return d',
    '',
    '',
    'def gradient(p, A, b, target):',
    '    """The loss on these systems, and its gradient by parameter."""',
    '    batch, n = b.shape',
    '    v = forward(p, A, b)',
    ...lines(part('loss')),
    ...lines(steps.filter(pullsLoss)),
    `    return ${name(loss)}, vjp(p, A, b, v, dx)`
  ]
  return { functions: functions.join('\n\n\n'), whole: whole.join('\n') }
}
