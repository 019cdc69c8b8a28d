/**
 * A Program read once: every name resolved, every size checked, launches that nothing asks for dropped. Pure.
 *
 * A *leaf* is an array that enters from outside: an input, or a contiguous stretch of one (a view).
 */
import * as E from 'fp-ts/Either'
import type { Program, ProgramKernel } from '../../codegen/program'
import { type BackendError, backendError } from '../backends/error'

/** A stretch of an input, as some kernel reads it; `dims` slowest axis first. */
export interface Leaf {
  readonly input: string
  readonly offset: number
  readonly size: number
  readonly dims: readonly number[]
}

/** Where a value comes from: a leaf (by index) or an earlier step's output (by index). */
export type Source = { readonly _tag: 'leaf'; readonly leaf: number } | { readonly _tag: 'step'; readonly step: number }

export interface Step {
  readonly kernel: number
  readonly inputs: readonly Source[]
  /** Index of the last step that reads this output; the number of steps if the output is handed back. */
  readonly lastUse: number
}

/** A named result: a step's output, or a stretch of an input passed through. */
export type Result =
  | { readonly _tag: 'step'; readonly step: number; readonly size: number }
  | { readonly _tag: 'leaf'; readonly input: string; readonly offset: number; readonly size: number }

export interface Wiring {
  readonly program: Program
  readonly leaves: readonly Leaf[]
  readonly steps: readonly Step[]
  /** Every output and every right-hand side of an update, by name. */
  readonly results: ReadonlyMap<string, Result>
  readonly inputSizes: ReadonlyMap<string, number>
  /** Names of the inputs that a runtime keeps; the others are data of a call. */
  readonly kept: readonly string[]
}

/** Number of elements of an array with these sizes. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1)

const show = (dims: readonly number[]): string => `[${dims.join(', ')}]`

/** Without leading axes of one element: arrays with the same trimmed sizes are read alike. */
const trim = (dims: readonly number[]): string => {
  const first = dims.findIndex((dim) => dim !== 1)
  return first < 0 ? '' : dims.slice(first).join(',')
}

const badDims = (dims: readonly number[]): boolean => dims.some((dim) => !Number.isInteger(dim) || dim < 1)

type Where =
  | { readonly _tag: 'input'; readonly input: string; readonly offset: number; readonly size: number }
  | { readonly _tag: 'launch'; readonly launch: number; readonly dims: readonly number[] }

const checkKernel = (kernel: ProgramKernel): string | null => {
  const ranked = [kernel.output, ...kernel.parameters.map((parameter) => parameter.dims)]
  if (ranked.some((dims) => dims.length < 1 || dims.length > 3)) {
    return `kernel ${kernel.name} has an array of rank 0 or above 3, which gpu.js does not run`
  }
  if (ranked.some(badDims)) return `kernel ${kernel.name} has an axis that is empty or no whole number`
  if (!kernel.source.trimStart().startsWith('function')) {
    return `the source of kernel ${kernel.name} does not begin with "function"`
  }
  return null
}

/** Resolves every name of a program, or says in one sentence what is wrong with it. */
export const wire = (backend: string, program: Program): E.Either<BackendError, Wiring> => {
  const problem = (what: string): E.Either<BackendError, Wiring> =>
    E.left(backendError(backend, 'program', `program ${program.name} is malformed: ${what}`))

  for (const kernel of program.kernels) {
    const wrong = checkKernel(kernel)
    if (wrong !== null) return problem(wrong)
  }
  const names = new Map<string, Where>()
  const inputSizes = new Map<string, number>()
  for (const input of program.inputs) {
    if (names.has(input.name)) return problem(`two arrays are called ${input.name}`)
    if (badDims(input.dims)) return problem(`input ${input.name} ${show(input.dims)} has an empty axis`)
    const size = sizeOf(input.dims)
    inputSizes.set(input.name, size)
    names.set(input.name, { _tag: 'input', input: input.name, offset: 0, size })
  }
  for (const view of program.views) {
    const whole = names.get(view.of)
    const size = sizeOf(view.dims)
    if (names.has(view.name)) return problem(`two arrays are called ${view.name}`)
    if (whole?._tag !== 'input') return problem(`view ${view.name} is of ${view.of}, which is no input`)
    if (badDims(view.dims) || view.offset < 0 || view.offset + size > whole.size) {
      return problem(
        `view ${view.name} ${show(view.dims)} at ${view.offset} leaves ${view.of} (${whole.size} elements)`
      )
    }
    names.set(view.name, { _tag: 'input', input: whole.input, offset: whole.offset + view.offset, size })
  }
  const sources: Where[][] = []
  for (const [index, launch] of program.launches.entries()) {
    const kernel = program.kernels[launch.kernel]
    if (kernel === undefined) return problem(`launch ${index} names kernel ${launch.kernel}, which does not exist`)
    if (launch.inputs.length !== kernel.parameters.length) {
      const counts = `${kernel.parameters.length} arrays, launch ${index} gives it ${launch.inputs.length}`
      return problem(`kernel ${kernel.name} takes ${counts}`)
    }
    const found: Where[] = []
    for (const [position, name] of launch.inputs.entries()) {
      const where = names.get(name)
      const parameter = kernel.parameters[position]
      if (where === undefined || parameter === undefined) {
        return problem(`launch ${index} (${kernel.name}) reads ${name} before anything of that name exists`)
      }
      const fits =
        where._tag === 'input' ? where.size === sizeOf(parameter.dims) : trim(where.dims) === trim(parameter.dims)
      if (!fits) {
        const got = where._tag === 'input' ? `${where.size} elements` : show(where.dims)
        return problem(`${kernel.name}(${parameter.name}) expects ${show(parameter.dims)}, ${name} has ${got}`)
      }
      found.push(where)
    }
    sources.push(found)
    if (names.has(launch.output)) return problem(`two arrays are called ${launch.output}`)
    names.set(launch.output, { _tag: 'launch', launch: index, dims: kernel.output })
  }

  const asked = new Map<string, Where>()
  for (const output of program.outputs) {
    const where = names.get(output.name)
    if (where === undefined) return problem(`output ${output.name} is never computed`)
    const size = where._tag === 'input' ? where.size : sizeOf(where.dims)
    if (size !== sizeOf(output.dims)) {
      return problem(`output ${output.name} is declared ${show(output.dims)}, but has ${size} elements`)
    }
    asked.set(output.name, where)
  }
  for (const update of program.updates) {
    const input = program.inputs.find(({ name }) => name === update.input)
    const where = names.get(update.output)
    if (input === undefined || input.role === 'data') return problem(`${update.input} is updated, but is not kept`)
    if (where === undefined) return problem(`${update.input} is updated from ${update.output}, which does not exist`)
    const size = where._tag === 'input' ? where.size : sizeOf(where.dims)
    if (size !== sizeOf(input.dims)) return problem(`${update.output} does not have the size of ${update.input}`)
    asked.set(update.output, where)
  }
  return E.right(assemble(program, sources, asked, inputSizes))
}

/** Keeps the launches that something asked for depends on, and gives leaves and steps their indices. */
const assemble = (
  program: Program,
  sources: readonly (readonly Where[])[],
  asked: ReadonlyMap<string, Where>,
  inputSizes: ReadonlyMap<string, number>
): Wiring => {
  const needed = new Set<number>()
  for (const where of asked.values()) if (where._tag === 'launch') needed.add(where.launch)
  for (let launch = sources.length - 1; launch >= 0; launch--) {
    if (!needed.has(launch)) continue
    for (const where of sources[launch] ?? []) if (where._tag === 'launch') needed.add(where.launch)
  }
  const leaves: Leaf[] = []
  const leafIndex = new Map<string, number>()
  const stepOf = new Map<number, number>()
  const steps: { kernel: number; inputs: Source[]; lastUse: number }[] = []
  const stepAt = (launch: number): number => stepOf.get(launch) ?? internal(`launch ${launch} was dropped`)
  const leafAt = (where: Where & { readonly _tag: 'input' }, dims: readonly number[]): number => {
    const key = `${where.input}@${where.offset}:${dims.join('x')}`
    const known = leafIndex.get(key)
    if (known !== undefined) return known
    leafIndex.set(key, leaves.length)
    leaves.push({ input: where.input, offset: where.offset, size: where.size, dims })
    return leaves.length - 1
  }
  for (const [index, launch] of program.launches.entries()) {
    if (!needed.has(index)) continue
    const parameters = program.kernels[launch.kernel]?.parameters ?? []
    const inputs = (sources[index] ?? []).map((where, position): Source => {
      if (where._tag === 'input') return { _tag: 'leaf', leaf: leafAt(where, parameters[position]?.dims ?? []) }
      const step = stepAt(where.launch)
      const producer = steps[step]
      if (producer !== undefined) producer.lastUse = steps.length
      return { _tag: 'step', step }
    })
    stepOf.set(index, steps.length)
    steps.push({ kernel: launch.kernel, inputs, lastUse: steps.length })
  }
  const results = new Map<string, Result>()
  for (const [name, where] of asked) {
    if (where._tag === 'input') {
      results.set(name, { _tag: 'leaf', input: where.input, offset: where.offset, size: where.size })
    } else {
      const step = stepAt(where.launch)
      const producer = steps[step]
      if (producer !== undefined) producer.lastUse = program.launches.length
      results.set(name, { _tag: 'step', step, size: sizeOf(where.dims) })
    }
  }
  const kept = program.inputs.filter(({ role }) => role !== 'data').map(({ name }) => name)
  return { program, leaves, steps, results, inputSizes, kept }
}

/** The steps that something outside may ask for, in order. */
export const resultSteps = (wiring: Wiring): readonly number[] => {
  const steps = new Set<number>()
  for (const result of wiring.results.values()) if (result._tag === 'step') steps.add(result.step)
  return [...steps]
}

const internal = (what: string): never => {
  throw new Error(`internal: ${what}`)
}
