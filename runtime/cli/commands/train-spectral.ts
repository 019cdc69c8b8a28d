/** `ansatz train spectral`: a network for the spectrum of one's own matrix, for an interval or for eigenvalues, in seconds. */

import path from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { kappaOf } from '../../../spec/family'

import * as I from '../../../spec/infer'
import { type Card, measure, trainedLines } from '../../checkpoint/card'
import { show, write } from '../../checkpoint/checkpoint'
import { type InputError, show as showInput } from '../../io/errors'
import { readArray, readSystem } from '../../io/read'
import { DEFAULT_LIMITS } from '../../io/system'
import { toNdTable } from '../../io/table'
import * as Key from '../../random/key'
import { type Judgement, judge } from '../../spectral/judge'
import { ofEigenvalues, ofInterval, ofMatrix, type Target } from '../../spectral/target'
import { type SpectralModel, trainSpectral } from '../../spectral/train'
import { count } from '../../weights/weights'
import { type Failure, fail, failing, failure, type Outcome } from '../exit'
import { sayJson } from '../print'
import { bar } from '../progress'
import { plain, report } from './train-spectral-report'

export interface Options {
  readonly from?: string
  readonly interval?: readonly number[]
  readonly eigenvalues?: string
  readonly on?: 'interval' | 'eigenvalues'
  readonly layers?: number
  readonly closedForm?: boolean
  readonly out?: string
  readonly seed: number
  readonly json?: boolean
}

type Result<A> = E.Either<Failure, A>

const input = failing('input', showInput) as (error: InputError) => Failure

// --- the target ------------------------------------------------------------------------------------------------------

const fromMatrix = async (file: string): Promise<Result<Target>> => {
  const found = await readSystem(file)()
  if (E.isLeft(found)) return E.left(input(found.left))
  const { A, n, batch, name } = found.right
  if (batch !== 1) return fail('input', `${name}: expected one matrix, found ${batch}`)
  const progress = await bar('spectrum')
  const target = ofMatrix(path.basename(name), A, n, (done, total) => progress.update(done, total, 'products'))
  progress.stop()
  return E.mapLeft((message: string) => failure('model', message))(target)
}

const fromEigenvalues = async (file: string): Promise<Result<Target>> => {
  const found = await readArray(file)()
  if (E.isLeft(found)) return E.left(input(found.left))
  const { A, name } = found.right
  const values = A._tag === 'Table' ? toNdTable(A, DEFAULT_LIMITS.maxDenseBytes) : E.right(A)
  if (E.isLeft(values)) return E.left(input(values.left))
  return E.mapLeft((message: string) => failure('input', message))(
    ofEigenvalues(path.basename(name), values.right.data)
  )
}

/** Whatever was given, of the three that there are. */
const targetOf = async ({ from, interval, eigenvalues }: Options): Promise<Result<Target>> => {
  const given = [from, interval, eigenvalues].filter((each) => each !== undefined).length
  if (given !== 1) {
    return fail('usage', `expected one of --from, --interval and --eigenvalues, found ${given === 0 ? 'none' : given}`)
  }
  if (from !== undefined) return fromMatrix(from)
  if (eigenvalues !== undefined) return fromEigenvalues(eigenvalues)
  const [low = 0, high = 0] = interval ?? []
  return interval?.length === 2
    ? E.mapLeft((message: string) => failure('usage', message))(ofInterval(low, high))
    : fail('usage', `--interval: expected two numbers, such as 1,50, found ${interval?.length}`)
}

const objective = ({ on, eigenvalues, closedForm }: Options): Result<'interval' | 'eigenvalues'> => {
  const chosen = on ?? (eigenvalues === undefined || closedForm === true ? 'interval' : 'eigenvalues')
  return closedForm === true && chosen === 'eigenvalues'
    ? fail('usage', '--closed-form: expected --on interval, found eigenvalues, which have no closed form')
    : E.right(chosen)
}

// --- the checkpoint --------------------------------------------------------------------------------------------------

const stemOf = ({ from, eigenvalues }: Options): string => {
  const file = from ?? eigenvalues
  return file === undefined || file === '-' ? 'spectral' : `${path.basename(file).replace(/\.[^.]*$/, '')}.spectral`
}

const validFor = ({ label, kappa, eigenvalues, matrix }: Target, on: 'interval' | 'eigenvalues'): string => {
  const many = eigenvalues === null ? 'the interval' : `${eigenvalues.length} eigenvalues`
  const condition = `condition number ${kappa.toPrecision(6)}`
  if (on === 'eigenvalues') return `SPD with the ${many} of ${label}, ${condition}`
  return matrix === null
    ? `SPD, kappa ${kappa.toPrecision(6)}, from ${label}`
    : `SPD, kappa ${kappa.toPrecision(6)}, the interval of ${label} with a unit diagonal`
}

/** Small systems of the condition number; at others than it was made for, its own matrix speaks for it. */
const cardOf = (made: SpectralModel, target: Target, on: 'interval' | 'eigenvalues'): E.Either<string, Card> =>
  pipe(
    I.infer(made.recipe.model),
    E.mapLeft(I.show),
    E.chain((typed) =>
      pipe(
        on === 'eigenvalues'
          ? E.right([])
          : measure(typed, made.trained.weights, {
              kappas: [kappaOf(made.recipe.valid)!.high],
              sizes: [2, 9, 16],
              spectrum: 'uniform',
              systems: 50,
              seed: 0
            }),
        E.map((measured): Card => {
          const lines = trainedLines(made.recipe)
          const trained = lines.length === 0 ? [`the closed form, nothing trained`] : lines
          return { trained, valid: validFor(target, on), parameters: count(typed, 1), measured }
        })
      )
    )
  )

// --- the command -----------------------------------------------------------------------------------------------------

const judged = async (made: SpectralModel, target: Target, on: 'interval' | 'eigenvalues', seed: number) => {
  const progress = await bar('measuring')
  const weighted = { model: made.recipe.model, weights: made.trained.weights }
  const found = judge(weighted, target, on, Key.fold(Key.key(seed), 'contraction'), (done, total) =>
    progress.update(done, total, 'runs on the matrix')
  )
  progress.stop()
  return E.mapLeft((message: string) => failure('model', message))(found)
}

const exitOf = ({ holds }: Judgement): 'done' | 'rung' => (holds ? 'done' : 'rung')

export const trainSpectralCommand = async (o: Options): Promise<Outcome> => {
  const began = Date.now()
  const on = objective(o)
  if (E.isLeft(on)) return on
  const target = await targetOf(o)
  if (E.isLeft(target)) return target
  const progress = await bar('training')
  const made = await trainSpectral({
    name: stemOf(o),
    target: target.right,
    on: on.right,
    layers: o.layers ?? null,
    closedForm: o.closedForm === true,
    seed: o.seed,
    onProgress: (layers, p) =>
      progress.update(p.iteration, p.iterations, `${layers} layers, stage ${p.stage + 1} of ${p.stages}`)
  })
  progress.stop()
  if (E.isLeft(made)) return fail('model', made.left)
  const trainedIn = Date.now() - began
  const judgement = await judged(made.right, target.right, on.right, o.seed)
  if (E.isLeft(judgement)) return judgement
  const card = cardOf(made.right, target.right, on.right)
  if (E.isLeft(card)) return fail('model', card.left)

  const { recipe, trained } = made.right
  const out = o.out ?? `${stemOf(o)}.safetensors`
  const written = await write(out, {
    model: recipe.model,
    weights: trained.weights,
    recipe,
    seed: o.seed,
    loss: trained.loss,
    card: card.right,
    state: null
  })()
  if (E.isLeft(written)) return E.left(failing('input', show)(written.left))
  const all = { target: target.right, made: made.right, judgement: judgement.right, card: card.right, out }
  if (o.json === true) sayJson({ ...plain(all), seed: o.seed, seconds: (Date.now() - began) / 1000 })
  else report(all, { from: o.from, ms: trainedIn })
  return E.right(exitOf(judgement.right))
}
