/** Datasets: what is written is what is drawn, what is read is what was written, and damage is named in one sentence. */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { openDataset, verify } from '../../runtime/data/dataset'
import { fileNames, keyOf } from '../../runtime/data/manifest'
import { type WriteOptions, writeDataset } from '../../runtime/data/write'
import { show } from '../../runtime/io/errors'
import { parse } from '../../runtime/io/npy'
import { draw } from '../../runtime/sample/draw'
import { Family, Zoo } from '../../spec'
import { left, right } from '../support/right'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-data-'))
const at = (...names: readonly string[]): string => path.join(folder, ...names)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const options: WriteOptions = {
  family: Family.reactionDiffusion({ sizes: 8 }),
  seed: 3,
  count: 25,
  n: 8,
  dtype: 'float64'
}

const names = ['manifest.json', ...fileNames]
const bytesOf = (of: string): readonly string[] => names.map((name) => readFileSync(at(of, name)).toString('base64'))

test('a dataset holds what its family draws', async (t) => {
  const written = right(await writeDataset(at('whole'), options)())
  t.equal(written._tag, 'written')
  const { A, b, x, coefficients } = draw(options.family, keyOf(3), { n: 8, batch: 25 })
  for (const [name, data, shape] of [
    ['A.npy', A, [25, 8, 8]],
    ['b.npy', b, [25, 8]],
    ['x.npy', x, [25, 8]],
    ['coefficients.npy', coefficients!, [25, 5]]
  ] as const) {
    const found = right(parse(name, readFileSync(at('whole', name))))
    t.deepEqual(found.shape, shape, `${name}: its shape`)
    t.deepEqual(found.data, data, `${name}: its numbers, to the last bit`)
  }
  const manifest = JSON.parse(readFileSync(at('whole', 'manifest.json'), 'utf8')) as {
    readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
  }
  for (const name of fileNames) {
    const bytes = readFileSync(at('whole', name))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    t.deepEqual(manifest.files[name], { bytes: bytes.length, sha256 }, `${name}: size and checksum`)
  }
  t.deepEqual(readdirSync(at('whole')).sort(), [...names].sort(), 'and nothing else is left there')

  right(await writeDataset(at('again'), options)())
  t.deepEqual(bytesOf('again'), bytesOf('whole'), 'the same options, the same bytes')
  right(await writeDataset(at('other'), { ...options, seed: 4 })())
  t.notDeepEqual(bytesOf('other'), bytesOf('whole'), 'another seed, other bytes')
})

test('systems are read one by one, in any order', async (t) => {
  const dataset = right(await openDataset(at('whole'))())
  t.deepEqual([dataset.count, dataset.n, dataset.manifest.family], [25, 8, options.family])
  const all = draw(options.family, keyOf(3), { n: 8, batch: 25 })
  const order = [24, 3, 4, 5, 0, 3]
  const found = right(await dataset.read(order)())
  t.equal(found.batch, order.length)
  const rows = (data: Float64Array, length: number): Float64Array =>
    Float64Array.from(order.flatMap((s) => [...data.subarray(s * length, (s + 1) * length)]))
  t.deepEqual(found.A, rows(all.A, 64), 'A')
  t.deepEqual(found.b, rows(all.b, 8), 'b')
  t.deepEqual(found.x, rows(all.x, 8), 'x')
  t.deepEqual(found.coefficients, rows(all.coefficients!, 5), 'coefficients')
  t.equal(right(await dataset.read([])()).batch, 0, 'none at all')
  try {
    await dataset.read([25])()
    t.fail('a number that no system has')
  } catch (error) {
    t.match(
      String(error),
      /internal: system 25 of a dataset of 25/,
      'a number that no system has is a fault of the caller'
    )
  }
  t.deepEqual(right(await verify(dataset)()), undefined, 'every byte is as it was written')
  await dataset.close()
})

test('float32 rounds A, b and x once', async (t) => {
  right(await writeDataset(at('single'), { ...options, dtype: 'float32' })())
  const dataset = right(await openDataset(at('single'))())
  const found = right(await dataset.read([7])())
  const all = draw(options.family, keyOf(3), { n: 8, batch: 8 })
  t.deepEqual(found.A, all.A.slice(7 * 64).map(Math.fround), 'A')
  t.deepEqual(found.x, all.x.slice(56).map(Math.fround), 'x')
  t.deepEqual(found.coefficients, all.coefficients!.slice(35), 'coefficients keep their digits')
  await dataset.close()
})

test('systems of chunks are those of one piece', (t) => {
  for (const [name, { family }] of Object.entries(Zoo.families)) {
    const whole = draw(family(6), keyOf(1), { n: 6, batch: 5 })
    const tail = draw(family(6), keyOf(1), { n: 6, batch: 2, from: 3 })
    t.deepEqual(
      [tail.A, tail.b, tail.x, tail.coefficients],
      [
        whole.A.slice(3 * 36),
        whole.b.slice(18),
        whole.x.slice(18),
        whole.coefficients!.slice((3 * whole.coefficients!.length) / 5)
      ],
      name
    )
  }
  t.end()
})

test('a count that needs many chunks', async (t) => {
  // 2^19 numbers of A at once: 128 systems of 64 unknowns, and then two more.
  const family = Family.diffusion({ sizes: 64 })
  const seen: number[] = []
  const onProgress = (done: number): void => void seen.push(done)
  right(await writeDataset(at('chunks'), { family, seed: 1, count: 130, n: 64, dtype: 'float32', onProgress })())
  t.deepEqual(seen, [128, 130], 'progress after every chunk')
  const dataset = right(await openDataset(at('chunks'))())
  const { x } = right(await dataset.read([127, 128, 129])())
  t.deepEqual(x, draw(family, keyOf(1), { n: 64, batch: 3, from: 127 }).x.map(Math.fround), 'systems on both sides')
  await dataset.close()
})

test('a folder is not overwritten unless asked', async (t) => {
  const before = bytesOf('whole')
  const refused = left(await writeDataset(at('whole'), { ...options, seed: 9 })())
  t.match(show(refused), /whole: holds a dataset already \(give another folder, or --force to replace it\)/)
  t.deepEqual(bytesOf('whole'), before, 'nothing has changed')
  mkdirSync(at('foreign'))
  writeFileSync(at('foreign', 'x.npy'), 'mine')
  t.match(show(left(await writeDataset(at('foreign'), options)())), /holds x\.npy but no manifest\.json/)
  t.equal(readFileSync(at('foreign', 'x.npy'), 'utf8'), 'mine', "another's file is left alone")
  writeFileSync(at('foreign', 'notes.txt'), 'keep')
  right(await writeDataset(at('foreign'), { ...options, force: true })())
  t.deepEqual(bytesOf('foreign'), before, '--force replaces it')
  t.equal(readFileSync(at('foreign', 'notes.txt'), 'utf8'), 'keep', 'and nothing but the files of a dataset')
  writeFileSync(at('file'), '')
  t.match(
    show(left(await writeDataset(at('file', 'data'), options)())),
    /expected a folder/,
    'a file where a folder is needed'
  )
})

test('an interrupted dataset leaves nothing that opens', async (t) => {
  const control = new AbortController()
  const stopped = await writeDataset(at('stopped'), {
    ...options,
    signal: control.signal,
    onProgress: () => control.abort()
  })()
  t.equal(right(stopped)._tag, 'interrupted')
  t.deepEqual(readdirSync(at('stopped')), [], 'what was written is gone')
  t.match(show(left(await openDataset(at('stopped'))())), /stopped: holds no manifest\.json/)
})

test('what overflows is refused', async (t) => {
  const family = Family.spd({ kappa: 1e308, sizes: 4 })
  const refused = left(await writeDataset(at('large'), { ...options, family, n: 4 })())
  t.match(show(refused), /large: system 0 overflows float64: the numbers of the family are too large/)
  t.deepEqual(readdirSync(at('large')), [], 'and nothing is left')
})

/** A copy of the whole dataset with one file changed. */
const damaged = (name: string, file: string, change: (bytes: Buffer) => Buffer | null): string => {
  mkdirSync(at(name))
  for (const each of names) copyFileSync(at('whole', each), at(name, each))
  const bytes = change(readFileSync(at(name, file)))
  rmSync(at(name, file))
  if (bytes !== null) writeFileSync(at(name, file), bytes)
  return at(name)
}

const replaced = (from: string, to: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')

test('damage is named in one sentence', async (t) => {
  const cases: readonly [what: string, file: string, change: (bytes: Buffer) => Buffer | null, says: RegExp][] = [
    [
      'cut',
      'A.npy',
      (b) => b.subarray(0, b.length - 1),
      /A\.npy: is cut off: it has 12927 bytes, and 12928 by manifest/
    ],
    ['long', 'b.npy', (b) => Buffer.concat([b, b]), /b\.npy: is too long/],
    ['gone', 'x.npy', () => null, /x\.npy: there is no such file/],
    [
      'foreign-file',
      'x.npy',
      (b) => Buffer.alloc(b.length, 'x'),
      /x\.npy: does not begin as a \.npy file of float64 of shape \(25, 8\)/
    ],
    ['wide', 'A.npy', replaced('<f8', '<f4'), /A\.npy: does not begin as a \.npy file of float64/],
    ['no-json', 'manifest.json', () => Buffer.from('{'), /manifest\.json: is not JSON/],
    ['empty', 'manifest.json', () => Buffer.from('{}'), /manifest\.json: .*expected the key format/],
    ['future', 'manifest.json', replaced('"version": 1', '"version": 2'), /manifest\.json: version: expected/],
    ['columns', 'manifest.json', replaced('"rho",', ''), /manifest\.json: .*expected the coefficients of the family/],
    [
      'counted',
      'manifest.json',
      replaced('"count": 25', '"count": 24'),
      /A\.npy: does not begin as a \.npy file of float64 of shape \(24, 8, 8\)/
    ]
  ]
  for (const [what, file, change, says] of cases) {
    t.match(show(left(await openDataset(damaged(what, file, change))())), says, what)
  }
  const bent = damaged('bent', 'b.npy', (b) => {
    b[b.length - 5]! ^= 1
    return b
  })
  const dataset = right(await openDataset(bent)())
  t.match(show(left(await verify(dataset)())), /b\.npy: its checksum is not the one in manifest\.json/, 'a flipped bit')
  await dataset.close()
  t.match(show(left(await openDataset(at('nowhere'))())), /nowhere: holds no manifest\.json/, 'no folder')
  t.notOk(existsSync(at('nowhere')), 'which is not made')
})
