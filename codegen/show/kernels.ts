/** Every kernel of a program once, as it is handed to the target, with the size of its output and how often it runs. */
import type { Plan } from '../plan'
import type { Program } from '../program'

const parts = { forward: 'Forward', loss: 'Loss', vjp: 'VJP', update: 'Update' } as const

const shape = (dims: readonly number[]): string => `[${dims.join(',')}]`

/** Kernel texts in the order of their first launch; `plan` tells the part of the program that each belongs to. */
export const showKernels = (plan: Plan, program: Program): string => {
  const launches = (k: number): number => program.launches.filter((l) => l.kernel === k).length
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  const shown = (part: keyof typeof parts): readonly string[] => {
    const own = program.kernels.flatMap((kernel, k) => (plan.kernels[k]?.part === part ? [{ kernel, k }] : []))
    if (own.length === 0) return []
    return [
      '',
      `// --- ${parts[part]} ---`,
      ...own.flatMap(({ kernel, k }) => {
        const constants = Object.entries(kernel.constants).map(([name, value]) => `${name} = ${value}`)
        const times = launches(k)
        const about = [
          `output ${shape(kernel.output)}`,
          ...(times === 1 ? [] : [`${times} launches`]),
          ...(constants.length === 0 ? [] : [`constants ${constants.join(', ')}`])
        ]
        return ['', `// ${about.join('; ')}`, kernel.source]
      })
    ]
  }
  const total = program.launches.length
  return [
    `// ${program.name} on ${plan.target}, ${sizes}: ${program.kernels.length} kernels, ${total} launches`,
    '// The axes of an output stand slowest first: [z][y][x].',
    ...shown('forward'),
    ...shown('loss'),
    ...shown('vjp'),
    ...shown('update')
  ].join('\n')
}
