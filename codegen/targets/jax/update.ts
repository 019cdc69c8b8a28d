/** The optimiser's step in Python, from its equations: those of one parameter stand for every parameter. */
import type { Typed } from '../../../spec/infer'
import { type Equation, labelOf } from '../../equation'
import * as lower from '../../lower'
import type { Optimiser } from '../../rules/optimiser'
import { entriesOf } from './expression'

/** `update(weights, moments, d, rate)`; moments are `m(p)`, `v(p)`, `power1` and `power2` by name. */
export const updateText = (typed: Typed, optimiser: Optimiser): string => {
  const e = lower.update(typed, optimiser)
  const [slot] = typed.parameters
  const found = (defines: string): Equation | undefined => e.equations.find((eq) => eq.defines === defines)
  const text = (defines: string): string => {
    const eq = found(defines)
    if (eq === undefined) throw new Error(`internal: an optimiser without ${defines}`)
    const name = (tensor: string): string => labelOf(eq, tensor)
    return entriesOf(eq.over, eq.value, { name, dims: (t) => e.tensors[t]?.dims ?? [], uses: () => {} })
  }
  const power = (name: string): string => `    ${name} = ${text(`${name}'`).replace('power', `moments['${name}']`)}`
  const clip =
    found('clip') === undefined
      ? []
      : ['    squares = sum(jnp.sum(g * g) for g in d.values())', `    clip = ${text('clip')}`]
  const own = slot === undefined ? [] : (['m', 'v', 'p'] as const)
  const line = (label: 'm' | 'v' | 'p'): string => {
    const of = label === 'p' ? slot?.name : `${label}(${slot?.name})`
    return `        ${label} = ${text(`${of}'`)}`
  }
  return [
    'def update(weights, moments, d, rate):',
    `    """One step of ${optimiser.weightDecay === 0 ? 'Adam' : 'AdamW'} from the gradient d."""`,
    power('power1'),
    power('power2'),
    ...clip,
    "    moved, kept = {}, {'power1': power1, 'power2': power2}",
    '    for name, g in d.items():',
    "        p, m, v = weights[name], moments[f'm({name})'], moments[f'v({name})']",
    ...own.map(line),
    "        moved[name], kept[f'm({name})'], kept[f'v({name})'] = p, m, v",
    '    return moved, kept'
  ].join('\n')
}
