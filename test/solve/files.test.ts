/** Real systems, as they are found: ../shared/matrices. */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { readSystem } from '../../runtime/io/read'
import { shipped } from '../../runtime/package/root'
import { type Solution, solver } from '../../runtime/solve/solve'
import { right } from '../support/right'

const folder = shipped('..', 'shared', 'matrices')
const own = solver('auto')

const given = (name: string): readonly string[] =>
  readdirSync(path.join(folder, name))
    .filter((file) => !file.includes('.rhs.'))
    .map((file) => path.join(folder, name, file))

const solveFile = async (file: string, rhs?: string): Promise<Solution> => {
  const system = right(await readSystem(file, rhs)())
  return right(await own.solve({ ...system, bSource: rhs === undefined ? 'ones' : 'given' })())
}

const tell = (file: string, s: Solution): string => {
  const { kappa } = s.spectrum ?? { kappa: NaN }
  const network =
    s.networkSufficed === null ? 'no network' : `${s.model?.name} ${s.networkSufficed ? 'suffices' : 'fails'}`
  return (
    `${path.basename(file)}: n ${s.n}, ${s.status}, ${s.path}, eta ${s.backwardError.normwise.toExponential(1)}, ` +
    `${network}, ${s.passes} passes, ${s.products} products, scaled kappa about ${kappa.toExponential(1)}`
  )
}

const absent = existsSync(folder) ? false : 'skipped: the folder ../shared/matrices is absent'
if (absent) console.log(`# ${absent}`)
const skip = absent !== false

/** Scaled condition number in the 2-norm from which the network need not suffice. */
const reach = 3e3
/** Beyond its reach: scaled condition numbers 6e7, 6e12 and, where Lanczos steps see only 1.5e4 of it, about 5e5. */
const beyond = ['ex5.mtx', 'hilbert_real_symmetric_array_10.mtx', '494_bus.mtx']

test('every positive definite file is certified, by the network where it is within reach', { skip }, async (t) => {
  for (const file of [...given('spd-small'), ...given('spd-medium')]) {
    const rhs = file.replace('.mtx', '.rhs.mtx')
    for (const side of existsSync(rhs) ? [undefined, rhs] : [undefined]) {
      const s = await solveFile(file, side)
      t.comment(tell(file, s))
      t.equal(s.status, 'certified', `${path.basename(file)} is certified`)
      t.ok(s.backwardError.normwise <= 1e-12, 'with a backward error of at most 1e-12')
      if (beyond.includes(path.basename(file))) continue
      t.ok((s.spectrum?.kappa ?? Infinity) <= reach, 'its scaled condition number is at most 3e3')
      t.equal(s.networkSufficed, true, 'and the network sufficed')
    }
  }
})

test('no singular file is a success', { skip }, async (t) => {
  for (const file of given('singular')) {
    const s = await solveFile(file)
    t.comment(tell(file, s))
    t.equal(s.status, 'singular', path.basename(file))
  }
})

test('nonsymmetric and indefinite files are certified by factors', { skip }, async (t) => {
  for (const file of [...given('nonsym'), ...given('sym-indef')]) {
    const s = await solveFile(file)
    t.equal(s.status, 'certified', tell(file, s))
    t.equal(s.classical, 'lu', 'by LU')
  }
})

test('a badly scaled file is solved', { skip }, async (t) => {
  const s = await solveFile(path.join(folder, 'tiny/chol_1e99.mtx'))
  t.equal(s.status, 'certified', tell(path.join(folder, 'tiny/chol_1e99.mtx'), s))
  t.ok(
    s.x.every((value) => Math.abs(value - 1) < 1e-10),
    'both unknowns are one'
  )
})

test.onFinish(() => own.close())
