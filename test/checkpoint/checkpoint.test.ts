import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import type { Card } from '../../runtime/checkpoint/card'
import { type Checkpoint, fromBytes, read, show, toBytes, write } from '../../runtime/checkpoint/checkpoint'
import { isIntact, seal } from '../../runtime/checkpoint/checksum'
import { decode, encode, type Safetensors } from '../../runtime/checkpoint/safetensors'
import { ofState } from '../../runtime/checkpoint/trained'
import * as Key from '../../runtime/random/key'
import { follow, type TrainState } from '../../runtime/train/train'
import { initialise } from '../../runtime/weights/initialise'
import { Recipe, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'

const recipe = Zoo.blockLinear2
const weights = initialise(typed(recipe.model), 1, Key.key(1))
const plain: Checkpoint = { model: recipe.model, weights, recipe, seed: 1, loss: 0.5, card: null, state: null }

/** A run's state with everything in it: best of starts, moments, a loss that is not yet known. */
const state: TrainState = {
  seed: 1,
  backend: 'javascript',
  threads: 2,
  data: null,
  ahead: 0,
  stage: 1,
  start: 0,
  iteration: 7,
  draw: 3,
  accepted: 2,
  stale: 3,
  damping: 1e-3 / 3,
  loss: Number.POSITIVE_INFINITY,
  weights,
  base: null,
  best: { weights: initialise(typed(recipe.model), 1, Key.key(2)), loss: 0.1 + 0.2 },
  moments: {
    'm(0.attention.P.mu1)': Float64Array.of(1, 2, 3, 4),
    'v(0.attention.P.mu1)': Float64Array.of(1e-300, -0, 3, 4),
    power1: Float64Array.of(0.9 ** 7)
  }
}
const training: Checkpoint = { ...plain, loss: Number.POSITIVE_INFINITY, state }

const bytesOf = (checkpoint: Checkpoint): Uint8Array => right(toBytes('test', checkpoint))
const reasonFor = (bytes: Uint8Array): string => show(left(fromBytes('FILE', bytes)))

const inFolder = async (body: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'checkpoint-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('what is written is read back, to the last bit', async (t) => {
  const card: Card = {
    trained: ['Levenberg-Marquardt', 'Adam'],
    valid: 'SPD, kappa 5',
    parameters: 20,
    measured: [{ kappa: 5, n: 9, systems: 10, mse: 1 / 3 }]
  }
  const full: Checkpoint = { ...plain, card }
  await inFolder(async (folder) => {
    for (const [what, checkpoint] of Object.entries({ plain, full, training, bare: { ...plain, recipe: null } })) {
      const file = path.join(folder, what)
      right(await write(file, checkpoint)())
      t.deepEqual(right(await read(file)()), checkpoint, what)
      t.deepEqual(new Uint8Array(await readFile(file)), bytesOf(checkpoint), `${what}: the same bytes each time`)
    }
    t.deepEqual((await readdir(folder)).sort(), ['bare', 'full', 'plain', 'training'], 'and nothing else is left')
  })
  t.ok(Object.is(right(fromBytes('', bytesOf(training))).state!.moments['v(0.attention.P.mu1)']![1], -0), 'also -0')
  t.end()
})

test('the layout is that of safetensors', (t) => {
  const bytes = bytesOf(plain)
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>
  t.equal(length % 8, 0, 'the data is aligned')
  t.equal(Object.keys(header)[0], '__metadata__')
  t.deepEqual(header['0.attention.P.mu1'], { dtype: 'F64', shape: [1, 2, 2], data_offsets: [0, 32] })
  t.equal(new DataView(bytes.buffer).getFloat64(8 + length, true), weights['0.attention.P.mu1']![0])
  t.end()
})

/** Small numbers that do not depend on the product's generator. */
const generator = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

test('no changed file is accepted, and none is thrown at', (t) => {
  const next = generator(7)
  const whole = (below: number): number => Math.floor(next() * below)
  for (const original of [bytesOf(plain), bytesOf(training)]) {
    const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true))
    let [accepted, thrown, wordless] = [0, 0, 0]
    const changes = [
      () => original.slice(0, whole(original.length)),
      () => Uint8Array.from([...original, whole(256)]),
      () => flipped(original, whole(original.length)),
      () => flipped(original, whole(headerEnd)),
      () => flipped(original, whole(8)),
      () => {
        const from = whole(original.length)
        return original.slice().fill(whole(256), from, from + 1 + whole(40))
      },
      () => {
        const [to, from] = [whole(original.length), whole(original.length)]
        return original.slice().copyWithin(to, from, from + whole(100))
      }
    ]
    const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
      const copy = bytes.slice()
      copy[at]! ^= 1 << whole(8)
      return copy
    }
    const rounds = 3000
    for (let k = 0; k < rounds; k++) {
      const changed = changes[k % changes.length]!()
      if (Buffer.compare(changed, original) === 0) continue
      try {
        const result = fromBytes('FILE', changed)
        if (result._tag === 'Right') accepted++
        else if (!/^FILE: .{10,400}$/.test(show(result.left))) wordless++
      } catch {
        thrown++
      }
    }
    t.deepEqual({ accepted, thrown, wordless }, { accepted: 0, thrown: 0, wordless: 0 }, `${rounds} changes`)
    t.ok(fromBytes('FILE', original)._tag === 'Right', 'and the original is')
  }
  t.end()
})

/** A file that was sealed after it was changed: its checksum is right and its content is not. */
const forged = (change: (content: Safetensors) => Safetensors): Uint8Array => {
  const { metadata, tensors } = right(decode(bytesOf(plain)))
  const content = change({ metadata: { ...metadata, checksum: '0'.repeat(64) }, tensors })
  return seal(right(encode(content)))
}

const withText = (name: string, text: string) => forged((c) => ({ ...c, metadata: { ...c.metadata, [name]: text } }))

test('each kind of damage has its own sentence', (t) => {
  const bytes = bytesOf(plain)
  const first = '0.attention.P.mu1'
  t.match(reasonFor(new Uint8Array(0)), /^FILE: expected at least 8 bytes, found 0 \(truncated/)
  t.match(reasonFor(new Uint8Array(64).fill(0xff)), /a header of \d+ bytes, above the limit of 1048576/)
  t.match(reasonFor(bytes.slice(0, 100)), /expected a header of \d+ bytes, found 92 \(truncated\)/)
  t.match(reasonFor(bytes.slice(0, -8)), /expected 160 bytes of data, found 152 \(truncated/)
  t.match(reasonFor(Uint8Array.from([...bytes, 0])), /expected 160 bytes of data, found 161/)
  const changed = bytes.slice()
  changed[bytes.length - 1]! ^= 1
  t.match(reasonFor(changed), /its checksum does not match its bytes: it was changed after it was written/)
  t.match(reasonFor(right(encode({ metadata: {}, tensors: {} }))), /without a checksum: no checkpoint of ours/)
  t.match(reasonFor(withText('format', 'other')), /another origin/)
  t.match(reasonFor(withText('version', '99')), /another version: this program reads version 1/)
  t.match(reasonFor(withText('kind', 'training')), /kind in the header: expected weights/)
  t.match(reasonFor(withText('extra', '1')), /its header: expected exactly .* "extra"/)
  t.match(reasonFor(withText('seed', 'x')), /seed in the header: expected JSON/)
  t.match(reasonFor(withText('seed', '-1')), /seed in the header: the value: expected a whole number/)
  t.match(reasonFor(withText('loss', '"small"')), /loss in the header: the value: expected a finite number/)
  t.match(reasonFor(withText('model', '{"name":"x"}')), /model in the header: the value: expected the key encoding/)
  t.match(reasonFor(withText('recipe', '7')), /recipe in the header: the value: expected an object/)
  t.match(reasonFor(withText('card', '{}')), /card in the header: the value: expected the key trained/)
  t.match(reasonFor(withText('state', '{}')), /state in the header: the value: expected the key seed/)
  const tensor = (name: string, data: Float64Array, shape: readonly number[]) =>
    reasonFor(forged((c) => ({ ...c, tensors: { ...c.tensors, [name]: { dtype: 'F64', shape, data } } })))
  t.match(
    tensor(first, new Float64Array(4).fill(Number.NaN), [1, 2, 2]),
    /array 0.attention.P.mu1: expected finite numbers, found NaN/
  )
  t.match(tensor(first, new Float64Array(9), [1, 3, 3]), /expected the shape \[1, 2, 2\], found \[1, 3, 3\]/)
  t.match(tensor('other', new Float64Array(1), []), /array other is not one of the model's/)
  const without = forged(({ metadata, tensors: { [first]: _, ...rest } }) => ({ metadata, tensors: rest }))
  t.match(reasonFor(without), /0.attention.P.mu1: expected 4 numbers \[1, 2, 2\], found nothing/)
  const elsewhere = JSON.stringify({
    ...JSON.parse(right(decode(bytes)).metadata['model']!),
    readout: { _tag: 'query', part: 'Z' }
  })
  t.match(reasonFor(withText('model', elsewhere)), /its model: readout.query: expected a part called Z/)
  t.end()
})

test('a checksum stands for one file only', (t) => {
  const bytes = bytesOf(plain)
  const { checksum } = right(decode(bytes)).metadata as { checksum: string }
  t.ok(isIntact(bytes, checksum))
  t.notOk(isIntact(bytes, checksum.toUpperCase()), 'digits are lower-case')
  t.notOk(isIntact(bytes, '0'.repeat(64)))
  t.notOk(isIntact(bytes, ''))
  t.end()
})

test('weights that are not finite or not of the model are not written', (t) => {
  const spoiled = { ...weights, '0.attention.Q.entry': Float64Array.of(Number.NaN) }
  t.match(show(left(toBytes('FILE', { ...plain, weights: spoiled }))), /array 0.attention.Q.entry holds NaN at entry 0/)
  t.match(
    show(left(toBytes('FILE', { ...plain, weights: { x: Float64Array.of(1) } }))),
    /array x is not one of the model's/
  )
  t.end()
})

test('writing replaces a file whole, sweeps litter and explains failures', async (t) => {
  await inFolder(async (folder) => {
    const file = path.join(folder, 'model')
    await writeFile(file, 'old')
    await writeFile(path.join(folder, '.model.999999999.tmp'), 'left by a killed process')
    await writeFile(path.join(folder, '.model.notes.tmp'), 'not ours')
    right(await write(file, plain)())
    t.deepEqual((await readdir(folder)).sort(), ['.model.notes.tmp', 'model'], 'litter of dead processes is swept')
    t.deepEqual(right(await read(file)()), plain, 'the new file is whole')
    t.equal(show(left(await read(folder)())), `${folder}: cannot read it: is a folder, expected a file`)
    const nowhere = path.join(folder, 'no', 'model')
    t.match(show(left(await write(nowhere, plain)())), /no\/model: cannot write it: there is no such file or folder$/)
    t.match(show(left(await read(nowhere)())), /no\/model: cannot read it: there is no such file or folder$/)
    t.match(show(left(await write(folder, plain)())), /cannot write it: /)
    t.notOk(
      (await readdir(path.dirname(folder))).some((n) => n.startsWith(`.${path.basename(folder)}.`)),
      'no litter'
    )
  })
  t.match(show(left(await read('a\u0000b')())), /^a\?b: cannot read it: the path holds a character/)
  t.end()
})

test('a training run goes on from a file', async (t) => {
  const short = Recipe.make({
    ...recipe,
    stages: [Recipe.scalarNodes({ kappas: [5], nodes: 9, iterations: 6, starts: 2 })]
  })
  await inFolder(async (folder) => {
    const file = path.join(folder, 'run')
    const result = right(
      await follow(short, {
        checkpointEvery: 4,
        onState: (s) => async () => {
          if (s.start !== 1 || s.iteration !== 2) return { _tag: 'Right', right: undefined }
          const written = await write(file, ofState(short, s))()
          return written._tag === 'Left' ? { _tag: 'Left', left: show(written.left) } : written
        }
      })()
    )
    const stored = right(await read(file)())
    t.equal(stored.state?.iteration, 2, 'kept four iterations after the last, which was in the start before')
    const resumed = right(await follow(stored.recipe!, { resume: stored.state! })())
    t.deepEqual(resumed.weights, result.weights, 'to the same weights')
  })
  t.end()
})
