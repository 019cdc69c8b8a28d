/** The plain kernel: one invocation an element of the output, sums as loops. */
import { showEquation } from '../../formula'
import type { Plan, PlanKernel } from '../../plan'
import { valueOf } from '../../schedules/affine'
import { type Dialect, flatAddress } from '../dialect'
import { emit } from '../emit'
import type { WgslKernel } from './program'
import {
  axesOf,
  binding,
  entry,
  extentsOf,
  functions,
  groupLine,
  indexLines,
  namer,
  product,
  quotient,
  words
} from './text'

/** Invocations of a workgroup. */
export const elementsWidth = 64

export const elementsGroups = (plan: Plan, k: PlanKernel): number =>
  Math.ceil(product(extentsOf(plan, k.over)) / elementsWidth)

export const printElements = (plan: Plan, k: PlanKernel, most: number): WgslKernel => {
  const fresh = namer()
  const arrays = new Map(k.parameters.map((p) => [p.label, fresh(p.label)]))
  const result = fresh(arrays.has(k.label) ? `${k.label}_next` : k.label)
  const entryName = fresh(k.name)
  const scope = new Map(k.over.map((i) => [i.name, fresh(i.name)]))
  const dims = axesOf(plan, k)
  const dialect: Dialect = {
    words,
    functions,
    size: (d) => String(valueOf(plan.sizes)(d)),
    quotient,
    read: (label, at) => `${arrays.get(label)}[${flatAddress(dims.get(label) ?? [], at)}]`
  }
  const extents = extentsOf(plan, k.over)
  const total = product(extents)
  const taken = [...arrays.values(), result, entryName, 'tile', 'at', 'lane', 'group', 'invocation']
  const { lines, result: value } = emit(k.value, scope, taken, dialect, '  ')
  const source = [
    `// ${showEquation(k.label, k.over, k.value, (name) => name)}`,
    ...[...arrays.values()].map((name, at) => binding(at, 'read', name)),
    binding(arrays.size, 'read_write', result),
    '',
    ...entry(entryName, elementsWidth),
    groupLine(Math.ceil(total / elementsWidth), most),
    `  let at = tile * ${elementsWidth} + lane;`,
    `  if (at >= ${total}) {`,
    '    return;',
    '  }',
    ...indexLines('at', [...scope.values()], extents, '  '),
    ...lines,
    `  ${result}[at] = ${value};`,
    '}',
    ''
  ].join('\n')
  return {
    name: entryName,
    source,
    access: [...k.parameters.map(() => 'read' as const), 'read_write'],
    workgroupBytes: 0
  }
}
