/** `ansatz train` that is interrupted, or fails on the way: how it ends, what it keeps, and that its own advice goes on. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { exits } from '../../runtime/cli/exit'
import { writeDataset } from '../../runtime/data/write'
import { Family, Recipe, RecipeJson, Zoo } from '../../spec'
import { ansatz, isSentence } from '../cli/run'
import { right } from '../support/right'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-interrupt-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const at = (name: string): string => path.join(folder, name)

const family = Family.spd({ kappa: 5, sizes: 3 })

const recipe = (name: string, start: Recipe.Start, steps: number): Recipe.Recipe =>
  Recipe.make({
    name,
    model: Zoo.blockLinear({ layers: 2, identityBlocks: 1 }),
    start,
    stages: [
      Recipe.adam({
        family,
        steps,
        batch: 6,
        rate: { peak: 1e-2, warmup: 4, decay: 'cosine' },
        evaluation: { systems: 10, every: 5, patience: null }
      })
    ],
    seed: 3,
    valid: family
  })

const first = recipe('first', Recipe.random(), 500)
const file = at('second.json')
writeFileSync(file, JSON.stringify(RecipeJson.encodeRecipe(recipe('second', Recipe.continued({ from: first }), 60))))

const stored = async (name: string, seed: number): Promise<void> =>
  void right(await writeDataset(at(name), { family, seed, count: 20, n: 3, dtype: 'float64' })())
await stored('data', 1)
await stored('others', 2)

const shares = ['--backend', 'wasm', '--threads', '2', '--data', at('data')]
const whole = await ansatz(['train', file, ...shares, '--out', at('whole.safetensors')])
const bytes = (name: string): Buffer => readFileSync(at(`${name}.safetensors`))

test('interrupted in the recipe that another begins with, on a dataset and two threads, its own advice goes on', async (t) => {
  t.equal(whole.code, exits.done.code, whole.err)
  const kept = at('cut.training.safetensors')
  const cut = await ansatz(['train', file, ...shares, '--out', at('cut.safetensors'), '--every', '2'], {
    interruptWhen: () => existsSync(kept),
    signal: 'SIGTERM'
  })
  t.equal(cut.code, exits.interrupted.code, 'exit code 130')
  t.match(cut.err, /interrupted in first at stage 1, iteration \d+; go on with: ansatz train/)
  t.notOk(existsSync(at('cut.safetensors')), 'there are no weights yet')

  const resumed = ['train', file, '--out', at('no.safetensors'), '--resume', kept]
  const without = await ansatz(resumed)
  t.ok(without.code === exits.model.code && isSentence(without.err), without.err)
  const other = await ansatz([...resumed, '--data', at('others')])
  t.ok(other.code === exits.model.code && isSentence(other.err), other.err.replaceAll(folder, ''))

  const advice = /go on with: ansatz (.*)\n/.exec(cut.err)?.[1]?.split(' ') ?? []
  const rest = await ansatz(advice)
  t.equal(rest.code, exits.done.code, advice.join(' ').replaceAll(folder, ''))
  t.ok(bytes('cut').equals(bytes('whole')), 'to the same bytes')
  t.notOk(existsSync(kept), 'and nothing to go on from is left')
  t.end()
})

test('a thread that ends: exit code 5, one sentence, and a state to go on from', async (t) => {
  const args = ['train', file, '--out', at('spoilt.safetensors')]
  const spoilt = await ansatz([...args, ...shares, '--every', '4'], {
    env: { NODE_OPTIONS: '--import tsx --import ./test/support/spoil.ts' }
  })
  t.equal(spoilt.code, exits.backend.code, 'it ends, with the exit code of a backend that failed')
  t.equal(spoilt.err, 'ansatz: a thread of a training step ended before it had an answer\n')
  const rest = await ansatz([...args, '--data', at('data'), '--resume', at('spoilt.training.safetensors')])
  t.equal(rest.code, exits.done.code, rest.err)
  t.ok(bytes('spoilt').equals(bytes('whole')), 'from there to the same bytes')
  t.end()
})
