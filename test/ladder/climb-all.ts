/** The whole ladder for every architecture of the zoo on one backend: a new backend's test file is one line. */
import * as E from 'fp-ts/Either'
import test from 'tape'
import { open } from '../../runtime/backends/open'
import type { BackendName } from '../../runtime/backends/probe'
import type { OpenOptions } from '../../runtime/backends/runtime'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import type { Row } from '../../runtime/ladder/rung'
import { catalogue } from '../../spec/zoo/catalogue'
import { required } from '../gpujs/backends'
import { typed } from '../support/right'

const say = (r: Row): string => `${r.rung} n=${r.n} batch=${r.batch} ${r.what} ${r.error} > ${r.bound} ${r.fault ?? ''}`

/** Models of every kind of layer, which climb with one system too; on the default backend all do. */
const kinds = ['block-linear-3', 'full-linear-2', 'transformer-2', 'gru-2', 'entries-1', 'krylov-2', 'polynomial-6']

const batchesOn = (backend: BackendName, model: string): readonly number[] =>
  backend === 'wasm' || kinds.includes(model) ? [1, 5] : [5]

export const climbAll = (
  backend: BackendName,
  { options = {}, models = Object.keys(catalogue) }: { options?: OpenOptions; models?: readonly string[] } = {}
): void => {
  test(`the ladder on ${backend}`, async (t) => {
    const opened = await open(backend, options)()
    if (E.isLeft(opened)) {
      if (required().includes(backend)) t.fail(opened.left.message)
      else t.skip(opened.left.message)
      return t.end()
    }
    t.equal(opened.right.backend, backend, `runs on ${backend}: ${opened.right.adapter}`)
    t.comment(opened.right.patch === null ? 'no WebAssembly of gpu.js' : `patched: ${opened.right.patch.patched}`)
    const device = deviceOf(opened.right)
    for (const [name, entry] of Object.entries(catalogue)) {
      if (!models.includes(name)) continue
      const batches = batchesOn(backend, name)
      const rows = await check({ typed: (n) => typed(entry.model(n)), weights: null }, device, {
        sizes: [3],
        batches
      })
      t.deepEqual(
        rows.filter((r) => !r.ok).map(say),
        [],
        `${name}, batches of ${batches.join(' and ')}: ${rows.length} rungs hold`
      )
    }
    await opened.right.close()
    t.end()
  })
}
