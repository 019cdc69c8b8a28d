/**
 * From the command line: `ansatz sample`, `ansatz export --target jax`, `python train.py`, `ansatz train --resume` on what it
 * kept, and the other way round.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { read } from '../../runtime/checkpoint/checkpoint'
import { exits } from '../../runtime/cli/exit'
import type { Weights } from '../../runtime/weights/weights'
import { encodeFamily } from '../../spec/family-json'
import * as R from '../../spec/recipe'
import { encodeRecipe } from '../../spec/recipe-json'
import { ansatz, isSentence } from '../cli/run'
import { python, withJax } from '../support/python'
import { right } from '../support/right'
import { recipe as short, stage as shortStage } from './program'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-jax-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const { family } = shortStage

/** Long enough to be interrupted, by small steps, so that rounding stays small. */
const stage = R.epochs({
  family,
  batch: 8,
  systems: 20,
  epochs: 100,
  rate: { peak: 1e-3, warmup: 5, decay: 'none' },
  evaluation: { systems: 12, every: 300, patience: null }
})
const recipe = R.make({ ...short, stages: [stage] })

const files = ['held-out/A.npy', 'held-out/b.npy', 'held-out/x.npy', 'recipe.json', 'start.safetensors', 'train.py']

const weightsIn = async (out: string): Promise<Weights> => right(await read(at(`${out}.safetensors`))()).weights

const lossIn = async (out: string): Promise<number> => right(await read(at(`${out}.safetensors`))()).loss

/** The largest difference, by the largest weight. */
const apart = (p: Weights, q: Weights): number => {
  const all = Object.entries(p).flatMap(([name, a]) => [...a].map((x, k) => [x, q[name]?.[k] ?? Number.NaN] as const))
  return Math.max(...all.map(([x, y]) => Math.abs(x - y))) / Math.max(...all.map(([x]) => Math.abs(x)))
}

const train = (out: string, ...more: readonly string[]) =>
  python(
    [at('program/train.py'), '--data', at('train'), '--held-out', at('program/held-out')].concat(
      ['--out', at(`${out}.safetensors`)],
      more
    )
  )

const goOn = (out: string, state: string, ...more: readonly string[]) =>
  ansatz(['train', at('program/recipe.json'), '--out', at(`${out}.safetensors`), '--resume', at(state), ...more])

test(
  'sampled, exported, trained there, ended here, and the other way round',
  withJax(async (t) => {
    writeFileSync(at('family.json'), JSON.stringify(encodeFamily(family)))
    writeFileSync(at('recipe.json'), JSON.stringify(encodeRecipe(recipe)))
    const sampled = await ansatz(['sample', at('family.json'), '--count', '20', '--out', at('train')])
    t.equal(sampled.code, 0, `sampled ${sampled.err}`)
    writeFileSync(at('spec.json'), (await ansatz(['print', 'transformer-2', '--n', '4', '--json'])).out)
    const command = ['export', at('spec.json'), '--target', 'jax', '--recipe', at('recipe.json'), '--systems']
    const exported = await ansatz([...command, '--out', at('program'), '--json'])
    t.equal(exported.code, 0, `exported ${exported.err}`)
    const said = JSON.parse(exported.out) as { files: Record<string, number>; parameters: number }
    const written = readdirSync(at('program'), { recursive: true, encoding: 'utf8' }).filter((f) => /\./.test(f))
    const own = ['train/A.npy', 'train/b.npy', 'train/x.npy']
    t.deepEqual(written.sort(), [...files, ...own].sort(), 'the files that it should')
    t.deepEqual(Object.keys(said.files).sort(), [...files, ...own].sort(), 'and says so')
    const again = await ansatz([...command, '--out', at('program')])
    t.ok(again.code === exits.input.code && isSentence(again.err) && /--force/.test(again.err), again.err.trim())
    t.equal((await ansatz([...command, '--out', at('program'), '--force'])).code, 0, 'unless it is told to')

    const whole = await train('whole', '--dtype', 'float64')
    t.equal(whole.code, 0, `JAX trains to the end ${whole.err}`)

    const stopped = await train('half', '--dtype', 'float64', '--steps', '285')
    t.equal(stopped.code, 0, 'JAX stops 15 steps before the end')
    const strange = await goOn('strange', 'half.training.safetensors')
    const sentence = `${strange.err.trim().split('\n').at(-1)}\n`
    t.ok(strange.code === exits.model.code && isSentence(sentence) && /dataset/.test(sentence), sentence.trim())
    const ended = await goOn('half', 'half.training.safetensors', '--data', at('train'))
    t.equal(ended.code, 0, `ansatz goes on and ends ${ended.err}`)
    // Not weights: Adam divides by their size gradients that are rounding alone, such as those of the biases of keys.
    const there = Math.abs((await lossIn('half')) / (await lossIn('whole')) - 1)
    t.ok(there < 1e-4, `in float32, to an error on held-out systems ${there.toExponential(1)} from that of JAX alone`)

    const kept = at('ours.training.safetensors')
    const began = ['train', at('program/recipe.json'), '--data', at('train'), '--out', at('ours.safetensors')]
    const interrupted = await ansatz([...began, '--every', '1'], { interruptWhen: () => existsSync(kept) })
    t.equal(interrupted.code, exits.interrupted.code, 'ansatz is interrupted, in float64')
    const other = await python(
      [at('program/train.py'), '--data', at('program/train'), '--no-evaluation', '--resume', kept].concat([
        '--out',
        at('other.safetensors')
      ])
    )
    t.ok(other.code === 1 && /began on other systems than those/.test(other.err), other.err.trim())
    const back = await train('ours', '--dtype', 'float64')
    t.equal(back.code, 0, `JAX finds what was kept, goes on and ends ${back.err}`)
    const here = apart(await weightsIn('whole'), await weightsIn('ours'))
    t.ok(here < 1e-6, `to weights ${here.toExponential(1)} apart`)
    t.notOk(existsSync(kept), 'and what was kept goes')

    const solved = await ansatz([
      'solve',
      at('program/train/A.npy'),
      at('program/train/b.npy'),
      '--model',
      at('ours.safetensors'),
      '--json'
    ])
    t.equal(solved.code, 0, `ansatz solves with it ${solved.err}`)
    t.ok(readFileSync(at('program/train.py'), 'utf8').includes('def softmax_attention_vjp('), 'the program can be read')
  })
)
