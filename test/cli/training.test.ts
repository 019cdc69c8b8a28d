/** `ansatz train` as a person sees it: judgements, curves, reports, and a history that survives a kill. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { parseHistory } from '../../runtime/checkpoint/history'
import { exits } from '../../runtime/cli/exit'
import { short } from '../../runtime/reproduce/report'
import { judgements } from '../../runtime/train/history'
import { Family, Recipe, Zoo } from '../../spec'
import { encodeRecipe } from '../../spec/recipe-json'
import { right } from '../support/right'
import { ansatz, isSentence, root } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-training-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const family = Family.spd({ kappa: 5, sizes: 3 })

/** Two stages, the second with judgements; a name that would be markup where it is not escaped. */
const recipe = (steps: number, more: Partial<Recipe.Rate> = {}): string => {
  const rate: Recipe.Rate = { peak: 1e-3, warmup: 5, decay: 'none', ...more }
  const made = Recipe.make({
    name: '<img src=x onerror=alert(1)>',
    model: Zoo.blockLinear({ layers: 2, identityBlocks: 1 }),
    start: Recipe.random(),
    stages: [
      Recipe.scalarNodes({ kappas: [5], nodes: 20, iterations: 10, starts: 2 }),
      Recipe.adam({ family, steps, batch: 4, rate, evaluation: { systems: 20, every: 25, patience: null } })
    ],
    seed: 1,
    valid: family
  })
  writeFileSync(at(`${steps}.json`), JSON.stringify(encodeRecipe(made)))
  return at(`${steps}.json`)
}

interface Told {
  readonly status: string
  readonly loss: number
  readonly judgements: readonly { readonly stage: number; readonly iteration: number; readonly mse: number }[]
}

const told = (out: string): Told => JSON.parse(out) as Told

const untimed = ({ judgements: all }: Told): readonly object[] => all.map((j) => ({ ...j, seconds: 0 }))

/** The drawings of a page, which hold no times. */
const drawings = (page: string): readonly string[] => page.match(/<svg[\s\S]*?<\/svg>/g) ?? []

const pageOf = (name: string): string => readFileSync(at(name), 'utf8')

/** Whether a page loads or runs anything. */
const isQuiet = (page: string): boolean =>
  !/<script|<img|<link|<iframe|\bon[a-z]+\s*=\s*["']|url\(|@import|javascript:/i.test(page) &&
  (page.match(/(?:src|href)\s*=\s*"[^"#]/g) ?? []).length === 0

test('judgements, curves and a report of a run, and of one that was killed and went on', async (t) => {
  const file = recipe(3000)
  const options = ['--every', '50', '--plot', '--json']
  const whole = await ansatz([
    'train',
    file,
    '--out',
    at('whole.safetensors'),
    '--report',
    at('whole.html'),
    ...options
  ])
  t.equal(whole.code, 0, whole.err)
  const { judgements: all, status, loss } = told(whole.out)
  t.deepEqual([status, all.length], ['finished', 120], 'all judgements are in the JSON')
  t.deepEqual([all[3]?.stage, all[3]?.iteration], [2, 100])
  t.equal(loss, Math.min(...all.map((j) => j.mse)), 'the best is the result')
  t.ok(/^ *1e-?\d┤/m.test(whole.err) && whole.err.includes('━ training loss   ● held-out MSE'), 'the curves, once')
  t.notOk(whole.err.includes('\u001b'), 'without colours where there is no terminal')
  t.notOk(existsSync(at('whole.training.jsonl')), 'no history is left')

  const page = pageOf('whole.html')
  t.ok(page.includes('<h1>Training of &lt;img src=x onerror=alert(1)&gt;</h1>'), 'the name of the recipe, escaped')
  t.ok(isQuiet(page), 'it loads and runs nothing')
  const expected = ['<b>Finished.</b>', short(loss), '<td>javascript</td>', 'Adam on batches of 4', 'block-linear-2']
  for (const text of expected) t.ok(page.includes(text), `the report says ${text}`)
  t.equal(drawings(page).length, 3, 'loss, held-out errors, learning rate')
  for (const text of ['training loss', 'held-out MSE', 'backward error, median', 'learning rate'])
    t.ok(drawings(page).join().includes(`>${text}<`), `a curve of ${text}`)

  const kept = at('cut.training.safetensors')
  const history = at('cut.training.jsonl')
  const judged = (): number => (existsSync(history) ? (pageOf('cut.training.jsonl').match(/"mse"/g) ?? []).length : 0)
  const cut = ['train', file, '--out', at('cut.safetensors'), ...options]
  const killed = await ansatz(cut, { interruptWhen: () => judged() > 3, signal: 'SIGKILL' })
  t.equal(killed.code, null, 'killed')
  const left = right(
    parseHistory(history, readFileSync(history, 'utf8'), { recipe: '<img src=x onerror=alert(1)>', seed: 1 })
  )
  t.ok(judgements(left).length > 3, `${left.length} points are left`)
  const rest = await ansatz([...cut, '--report', at('cut.html'), '--resume', kept])
  t.equal(rest.code, 0, rest.err)
  t.deepEqual(untimed(told(rest.out)), untimed(told(whole.out)), 'with the judgements of the run that never stopped')
  t.deepEqual(drawings(pageOf('cut.html')), drawings(page), 'the same curves')
  t.ok(readFileSync(at('whole.safetensors')).equals(readFileSync(at('cut.safetensors'))), 'and the same bytes')
  t.notOk(existsSync(history), 'no history is left')
})

test('the report of a run that was interrupted says so, and goes on from a history or without one', async (t) => {
  const file = recipe(1_000_000)
  const kept = at('long.training.safetensors')
  const args = ['train', file, '--out', at('long.safetensors'), '--report', at('long.html')]
  const stop = { interruptWhen: () => existsSync(kept) }
  const ran = await ansatz([...args, '--json'], stop)
  t.equal(ran.code, exits.interrupted.code, ran.err)
  const page = pageOf('long.html')
  t.match(page, /<b>Interrupted<\/b> at stage [12], iteration \d+: /)
  t.match(page, /<code>ansatz train [^<]*1000000\.json --report [^<]*long\.html --out [^<]*<\/code>/, 'how to go on')
  t.ok(drawings(page).length >= 1 && isQuiet(page), 'with the curves so far')
  t.equal(told(ran.out).status, 'interrupted')
  const history = at('long.training.jsonl')
  writeFileSync(history, readFileSync(history, 'utf8').replace(/^.*\n/, '{}\n'))
  const damaged = await ansatz([...args, '--resume', kept])
  t.ok(damaged.code === exits.input.code && isSentence(damaged.err), damaged.err.replaceAll(folder, '').trim())
  rmSync(history)
  rmSync(at('long.html'))
  const again = await ansatz([...args, '--resume', kept], { interruptWhen: () => existsSync(history) })
  t.equal(again.code, exits.interrupted.code, 'without the history it goes on')
  t.match(again.err, /long\.training\.jsonl: there is no such file, so curves begin at stage/, 'and says so')
})

test('the report of a run that failed says why', async (t) => {
  const file = recipe(400, { peak: 1e30 })
  const ran = await ansatz(['train', file, '--out', at('bad.safetensors'), '--report', at('bad.html')])
  t.ok(ran.code === exits.model.code && isSentence(ran.err), ran.err.trim())
  t.match(pageOf('bad.html'), /<b>Failed<\/b> at stage 2, iteration \d+: adam: expected finite numbers/)
})

test('a report that could not be written is refused before the run', async (t) => {
  const cases = [
    { file: at('none/report.html'), code: exits.input.code, says: /its folder does not exist/ },
    { file: at('report.pdf'), code: exits.usage.code, says: /report\.pdf: expected a name in \.html/ }
  ]
  for (const { file, code, says } of cases) {
    const ran = await ansatz(['train', 'scalar-3', '--out', at('refused.safetensors'), '--report', file])
    t.ok(ran.code === code && isSentence(ran.err) && says.test(ran.err), ran.err.replaceAll(folder, '').trim())
  }
})

const hasTerminal = spawnSync('script', ['--version']).status === 0 && process.platform === 'linux'

test('on a terminal the curves are drawn again in their place, and stand at the end', {
  skip: hasTerminal ? false : 'needs script of util-linux'
}, (t) => {
  const command = `stty cols 90 rows 30; node --import tsx runtime/cli/main.ts train ${recipe(12_000)} --out ${at('seen.safetensors')} --plot > ${at('out.txt')}`
  const seen = execFileSync('script', ['-qec', command, '/dev/null'], { cwd: root, encoding: 'utf8' })
  t.match(seen.replaceAll('\u001b', '<ESC>'), /<ESC>\[\d+A\r<ESC>\[0J/, 'drawn over')
  t.ok(/\rtraining \d+\/12000 {2}stage 2 of 2 .*held-out MSE/.test(seen.replaceAll('\n', '\r')), 'a line below them')
  const end = seen.slice(seen.lastIndexOf('\u001b[0J'))
  t.ok(end.includes('over iterations') && !end.includes('training 1'), 'the last curves stand alone')
  t.match(readFileSync(at('out.txt'), 'utf8'), /the weights are in/, 'answers go to standard output')
  t.end()
})
