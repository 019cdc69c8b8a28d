/** `ansatz train --report`: the page of a run, and what must be there before the run begins. */
import { access, constants, stat } from 'node:fs/promises'
import { cpus } from 'node:os'
import path from 'node:path'
import * as E from 'fp-ts/Either'

import * as I from '../../../spec/infer'
import * as Tree from '../../../spec/tree'
import { show } from '../../checkpoint/error'
import { writeWhole } from '../../checkpoint/file'
import { show as showInput } from '../../io/errors'
import { systemError } from '../../io/source'
import { type TrainingReport, trainingReport } from '../../report/training'
import { type Pen, pen } from '../../reproduce/plots'
import { count } from '../../weights/weights'
import { type Failure, fail, failing } from '../exit'

type Result<A> = E.Either<Failure, A>

/** What a report says of a run that its recipe, its model and this machine do not say by themselves. */
export type Told = Omit<TrainingReport, 'parameters' | 'tree' | 'made'>

export type Reporter = (told: Told) => Promise<Result<void>>

const machine = (): string => {
  const [first] = cpus()
  return `${first?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}`
}

const writes =
  (file: string, draw: Pen): Reporter =>
  async (told) => {
    const typed = I.infer(told.recipe.model)
    if (E.isLeft(typed)) return fail('model', I.show(typed.left))
    const text = await trainingReport(draw, {
      ...told,
      parameters: count(typed.right, typed.right.n ?? 1),
      tree: Tree.showTyped(typed.right),
      made: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; ${machine()}`
    })
    if (E.isLeft(text)) return fail('backend', text.left)
    return E.mapLeft(failing('input', show))(await writeWhole(file, Buffer.from(text.right))())
  }

/** What writes the report to a file; a Left, before hours of training, where it could not be drawn or written. */
export const reporter = async (file: string): Promise<Result<Reporter>> => {
  if (!/\.html?$/i.test(file)) return fail('usage', `--report ${file}: expected a name in .html`)
  const folder = path.dirname(file)
  try {
    if (!(await stat(folder)).isDirectory()) return fail('input', `${folder}: expected a folder, found a file`)
    await access(folder, constants.W_OK)
  } catch (cause) {
    return fail(
      'input',
      showInput(systemError(file, cause, 'write')).replace('there is no such file', 'its folder does not exist')
    )
  }
  const drawing = await pen()
  return E.isLeft(drawing) ? fail('backend', drawing.left) : E.right(writes(file, drawing.right))
}
