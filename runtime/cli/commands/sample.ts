/** `ansatz sample`: systems of a family drawn to disk as a dataset; datasets verified; families listed. */
import * as E from 'fp-ts/Either'

import { coefficientsOf, show as showFamily } from '../../../spec/family'
import { encodeFamily } from '../../../spec/family-json'
import { families } from '../../../spec/zoo/families'
import { openDataset, verify } from '../../data/dataset'
import { type Dtype, fileNames, type Manifest } from '../../data/manifest'
import { writeDataset } from '../../data/write'
import { type InputError, show as showInput } from '../../io/errors'
import { type Failure, fail, failing, type Outcome } from '../exit'
import { type FoundFamily, findFamily } from '../family'
import { interruptible } from '../interrupt'
import { duration, note, say, sayJson, table } from '../print'
import { bar } from '../progress'
import { plotTo } from './sample-plot'

interface Options {
  readonly count?: number
  readonly out?: string
  readonly n?: number
  readonly seed: number
  readonly dtype: Dtype
  readonly force?: boolean
  readonly list?: boolean
  readonly verify?: string
  readonly plot?: string
  readonly json?: boolean
}

const wrong: (error: InputError) => Failure = failing('input', showInput)

/** `1.6 GB`. */
const size = (bytes: number): string =>
  bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(1)} GB`

// --- families --------------------------------------------------------------------------------------------------------

const list = ({ n = 16, json }: Options): Outcome => {
  const all = Object.entries(families).map(([name, { about, family }]) => ({ name, about, family: family(n) }))
  if (json === true) sayJson(all.map((f) => ({ ...f, family: encodeFamily(f.family) })))
  else {
    say(table(all.map(({ name, about, family }) => [name, about, coefficientsOf(family).join(', ')])))
    say(
      '\nThe last column names the coefficients. --json prints every family as JSON, which a file may hold and change.'
    )
  }
  return E.right('done')
}

// --- datasets --------------------------------------------------------------------------------------------------------

const described = (folder: string, m: Manifest) => ({
  out: folder,
  family: encodeFamily(m.family),
  seed: m.seed,
  count: m.count,
  n: m.n,
  dtype: m.dtype,
  coefficients: coefficientsOf(m.family),
  files: m.files
})

const summary = (m: Manifest): string => {
  const bytes = fileNames.reduce((sum, name) => sum + m.files[name].bytes, 0)
  return `${m.count} systems (${showFamily(m.family)}) of n = ${m.n}, seed ${m.seed}, ${m.dtype}, ${size(bytes)}`
}

const check = async (folder: string, json: boolean | undefined): Promise<Outcome> => {
  const dataset = await openDataset(folder)()
  if (E.isLeft(dataset)) return E.left(wrong(dataset.left))
  const progress = await bar('verifying')
  const found = await verify(dataset.right, (done, total) => progress.update(done, total, 'bytes'))()
  progress.stop()
  await dataset.right.close()
  if (E.isLeft(found)) return E.left(wrong(found.left))
  const { manifest } = dataset.right
  if (json === true) sayJson({ ...described(folder, manifest), verified: true })
  else say(`${folder}: ${summary(manifest)}; every byte is as it was written`)
  return E.right('done')
}

const write = async ({ name, family, n }: FoundFamily, count: number, out: string, o: Options): Promise<Outcome> => {
  const { signal, release } = interruptible('interrupted: removing what was written; once more ends at once')
  const progress = await bar('drawing')
  const began = Date.now()
  const written = await writeDataset(out, {
    family,
    seed: o.seed,
    count,
    n,
    dtype: o.dtype,
    force: o.force === true,
    signal,
    onProgress: (done, total) => progress.update(done, total, name)
  })()
  progress.stop()
  release()
  if (E.isLeft(written)) return E.left(wrong(written.left))
  if (written.right._tag === 'interrupted') {
    note(`interrupted: nothing was kept in ${out}`)
    return E.right('interrupted')
  }
  const { manifest } = written.right
  if (o.json === true) sayJson({ ...described(out, manifest), seconds: (Date.now() - began) / 1000 })
  else say(`${out}: ${summary(manifest)}, in ${duration(Date.now() - began)}`)
  return E.right('done')
}

/** What is said of a picture that no dataset goes with. */
const drawn = (plot: string, { json }: Options): Outcome => {
  if (json === true) sayJson({ plot })
  else say(`${plot}: the first four systems`)
  return E.right('done')
}

// --- the command -----------------------------------------------------------------------------------------------------

export const sample = async (name: string | undefined, o: Options): Promise<Outcome> => {
  if (o.list === true) return list(o)
  if (o.verify !== undefined) return check(o.verify, o.json)
  if (name === undefined) return fail('usage', 'expected a family to draw from; ansatz sample --list shows them')
  const found = await findFamily(name, o.n)
  if (E.isLeft(found)) return found
  const { out, count, plot } = o
  if (plot !== undefined) {
    const plotted = await plotTo(plot, found.right, o.seed)
    if (E.isLeft(plotted)) return plotted
    if (out === undefined && count === undefined) return drawn(plot, o)
  }
  if (out === undefined || count === undefined) {
    return fail(
      'usage',
      `expected ${count === undefined ? '--count, how many systems to draw' : '--out, where they go'}`
    )
  }
  return write(found.right, count, out, o)
}
