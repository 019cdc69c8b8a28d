/** `ansatz solve`: systems in, certified answers out. */
import * as E from 'fp-ts/Either'

import { show as showInput } from '../../io/errors'
import { readSystems } from '../../io/read'
import type { SystemFile } from '../../io/system'
import { encode, writeArray } from '../../io/write'
import { type Solution, type SolveError, type SolveOptions, type Solver, solver } from '../../solve/solve'
import { step } from '../debug'
import { type Exit, type Failure, fail, failing, failure, type Outcome } from '../exit'
import { say, sayJson } from '../print'
import { bar } from '../progress'
import { report, reportBatch, solutionJson } from './solve-report'

interface Options {
  readonly model?: string
  readonly tol: number
  readonly backend: string
  readonly literal?: boolean
  readonly lazy?: boolean
  readonly proposeOnly?: boolean
  readonly maxN: number
  readonly out?: string
  readonly json?: boolean
}

/** The exit code of every reason why a question is wrong. */
const exitOf: Readonly<Record<SolveError['reason'], Exit>> = {
  shape: 'input',
  notFinite: 'input',
  size: 'input',
  option: 'usage',
  model: 'model',
  backend: 'backend'
}

const wrong = (error: SolveError): Failure => failure(exitOf[error.reason], error.message)

// --- where x goes ----------------------------------------------------------------------------------------------------

/** Systems to solve: those of a batch, or one for each right-hand side. */
const systemsIn = ({ batch, rhs }: SystemFile): number => batch * rhs

/**
 * The shape of what is written: `[n]` for one system, `[n, columns]` for several right-hand sides of one matrix, and
 * `[systems, n]` for many of one size.
 */
const shapeOf = (files: readonly SystemFile[]): E.Either<Failure, readonly number[]> => {
  const [first] = files
  const n = first?.n ?? 0
  if (first !== undefined && files.length === 1 && first.rhs > 1) return E.right([n, first.rhs])
  if (files.some((f) => f.n !== n))
    return fail('usage', '--out: the systems differ in size, and one file holds one size')
  const count = files.reduce((total, f) => total + systemsIn(f), 0)
  return E.right(count === 1 ? [n] : [count, n])
}

/** A format that cannot be written is said before anything is solved. */
const outShape = (
  out: string | undefined,
  files: readonly SystemFile[]
): E.Either<Failure, readonly number[] | null> => {
  if (out === undefined) return E.right(null)
  const shape = shapeOf(files)
  if (E.isLeft(shape)) return shape
  const tried = encode(out, [1], new Float64Array(1))
  return E.isLeft(tried) ? fail('usage', `--out: ${showInput(tried.left)}`) : shape
}

// --- solving ---------------------------------------------------------------------------------------------------------

const solveFile = async (
  s: Solver,
  file: SystemFile,
  options: Omit<SolveOptions, 'backend'>
): Promise<E.Either<SolveError, readonly Solution[]>> => {
  const { n, batch, A, b } = file
  const bSource = file.bSource === 'ones' ? 'ones' : 'given'
  const count = systemsIn(file)
  if (count === 1) return E.map((x: Solution) => [x])(await s.solve({ n, A, b, name: file.name, bSource }, options)())
  const names = Array.from({ length: count }, (_, k) => (batch === 1 ? `column ${k + 1}` : `${file.name}[${k}]`))
  return s.solveBatch({ n, batch: count, A, b, names, bSource }, options)()
}

const isDone = (s: Solution): boolean => s.status === 'certified'

export const solve = async (a: string, b: string | undefined, o: Options): Promise<Outcome> => {
  const read = await step('read', readSystems(a, b, { maxN: o.maxN }))
  if (E.isLeft(read)) return E.left(failing('input', showInput)(read.left))
  const files = read.right
  const shape = outShape(o.out, files)
  if (E.isLeft(shape)) return shape

  const total = files.reduce((sum, f) => sum + systemsIn(f), 0)
  const progress = await bar('solving')
  const s = solver(o.backend)
  const solved: { readonly file: SystemFile; readonly solutions: readonly Solution[] }[] = []
  let done = 0
  try {
    for (const file of files) {
      const found = await step(`solve ${file.name}`, () =>
        solveFile(s, file, {
          tol: o.tol,
          maxN: o.maxN,
          literal: o.literal === true,
          lazy: o.lazy === true,
          proposeOnly: o.proposeOnly === true,
          ...(o.model === undefined ? {} : { model: o.model }),
          onProgress: (p) => progress.update(done + p.attained, total, p.stage)
        })
      )
      if (E.isLeft(found)) return E.left(wrong(found.left))
      solved.push({ file, solutions: found.right })
      done += systemsIn(file)
    }
  } finally {
    progress.stop()
    await s.close()
  }

  const all = solved.flatMap((x) => x.solutions)
  if (o.out !== undefined && shape.right !== null) {
    const n = files[0]?.n ?? 0
    const x = new Float64Array(all.length * n)
    const isColumns = shape.right.length === 2 && files.length === 1 && files[0]?.batch === 1
    for (const [k, { x: own }] of all.entries()) {
      if (isColumns) for (let i = 0; i < n; i++) x[i * all.length + k] = own[i] as number
      else x.set(own, k * n)
    }
    const written = await writeArray(o.out, shape.right, x)()
    if (E.isLeft(written)) return E.left(failing('input', showInput)(written.left))
  }

  if (o.json === true) {
    const one = all.length === 1 && files[0]?.batch === 1 && files[0].rhs === 1
    const values = all.map((x) => solutionJson(x, o))
    sayJson(one ? values[0] : values)
  } else {
    for (const [k, { file, solutions }] of solved.entries()) {
      const [only] = solutions
      const text = systemsIn(file) === 1 && only !== undefined ? report(only, file, o) : reportBatch(solutions, file, o)
      say(`${k === 0 ? '' : '\n'}${text}`)
    }
    if (o.out !== undefined) say(`\nx is in ${o.out}`)
  }
  return E.right(all.every(isDone) ? 'done' : 'uncertified')
}
