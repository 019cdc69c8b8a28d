/** The commands themselves: exit codes, JSON, examples in their help, pipes, and interrupts. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { exits, showExits } from '../../runtime/cli/exit'
import { readArray } from '../../runtime/io/read'
import { ansatz, isSentence, root, several } from './run'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-cli-'))
const at = (name: string): string => path.join(folder, name)
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const commands = [
  'solve',
  'train',
  'sample',
  'export',
  'check',
  'print',
  'models',
  'backends',
  'evaluate',
  'guarantee',
  'reproduce'
]
const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

test('help', async (t) => {
  const all = await several(commands, (name) => ansatz([name, '--help']))
  for (const [k, name] of commands.entries()) {
    const { code, out, err } = all[k]!
    t.ok(code === 0 && err === '' && out.includes(`$ ansatz ${name}`), `${name} --help has an example`)
    t.match(out, /--json/, `${name} has --json`)
  }
  const { out, code } = await ansatz(['--help'])
  t.ok(code === 0 && out.includes(showExits()), 'ansatz --help shows the exit codes')
  const page = readFileSync(path.join(root, 'docs/commands.md'), 'utf8')
  for (const e of Object.values(exits))
    t.ok(page.includes(`| ${e.code} | ${e.about} |`), `docs/commands.md has ${e.code}`)
  for (const name of commands) t.ok(page.includes(`\n## ansatz ${name}\n`), `docs/commands.md has ${name}`)
  const bare = await ansatz([])
  t.ok(bare.code === exits.usage.code && bare.err.includes('Usage: ansatz'), 'without a command: help, and exit code 2')
})

test('sample', async (t) => {
  const args = ['sample', 'spd', '--count', '20', '--n', '4', '--out', at('systems')]
  const made = await ansatz([...args, '--json'])
  const { count, n, family } = parsed(made.out)
  t.deepEqual([made.code, made.err, count, n], [0, '', 20, 4], 'a dataset, as JSON')
  writeFileSync(at('family.json'), JSON.stringify(family))
  const again = ['sample', at('family.json'), '--count', '20', '--out', at('again')]
  t.equal((await ansatz(again)).code, 0, 'the family that it printed')
  const [first, second] = ['systems', 'again'].map((name) => readFileSync(at(`${name}/A.npy`)))
  t.ok(first!.equals(second!), 'gives the same bytes')
  const full = await ansatz(args)
  t.ok(full.code === exits.input.code && isSentence(full.err), full.err.trim().replaceAll(folder, ''))
  t.match((await ansatz([...args, '--force'])).out, /20 systems .* of n = 4, seed 1, float64/, '--force')
  t.match((await ansatz(['sample', '--verify', at('systems')])).out, /every byte is as it was written/, '--verify')
  t.match((await ansatz(['sample', '--list'])).out, /^diffusion .*alpha, omega$/m, '--list')

  const long = ['sample', 'diffusion', '--count', '100000', '--n', '64', '--out', at('long')]
  const cut = await ansatz(long, { interruptWhen: () => existsSync(at('long/A.npy')) })
  t.equal(cut.code, exits.interrupted.code, 'interrupted')
  t.deepEqual(readdirSync(at('long')), [], 'nothing is left')
  await ansatz(long, { interruptWhen: () => existsSync(at('long/A.npy')), signal: 'SIGKILL' })
  t.ok(existsSync(at('long/A.npy')), 'killed: files are left')
  t.match((await ansatz(['sample', '--verify', at('long')])).err, /long: holds no manifest\.json/, 'but no dataset')
  t.match((await ansatz(long)).err, /an unfinished dataset.*--force/, 'which the next run says')
  const short = [...args.slice(0, -1), at('long'), '--force']
  t.equal((await ansatz(short)).code, 0, 'and --force replaces')

  t.equal((await ansatz(['sample', 'reaction-diffusion', '--plot', at('some.svg')])).code, 0, '--plot')
  const picture = readFileSync(at('some.svg'), 'utf8')
  t.ok(picture.startsWith('<svg') && ['K(x)', 'f(x)', 'u(x)'].every((axis) => picture.includes(axis)), 'has three axes')
})

test('solve', async (t) => {
  writeFileSync(at('A.csv'), '4,1,0\n1,3,1\n0,1,2\n')
  writeFileSync(at('b.csv'), '5\n5\n3\n')
  writeFileSync(at('singular.csv'), '1,1\n1,1\n')
  mkdirSync(at('many'))
  writeFileSync(at('many/a.csv'), '2,1\n1,3\n')
  writeFileSync(at('many/a.rhs.csv'), '3\n4\n')
  writeFileSync(at('many/b.csv'), '5,1\n1,4\n')
  writeFileSync(at('batch.json'), '[[[2,1],[1,3]],[[5,1],[1,4]],[[1,1],[1,1]]]')

  const text = await ansatz(['solve', at('A.csv'), at('b.csv'), '--out', at('x.npy')])
  t.equal(text.code, 0, 'a good system: exit code 0')
  for (const word of [
    'status',
    'certified',
    'backward error',
    'path',
    'network enough',
    'model',
    'backend',
    'times',
    'x.npy'
  ])
    t.ok(text.out.includes(word), `the report says ${word}`)
  const x = await readArray(at('x.npy'))()
  const data = E.isRight(x) && x.right.A._tag === 'NdTable' ? Array.from(x.right.A.data) : []
  t.ok(data.length === 3 && data.every((v) => Math.abs(v - 1) < 1e-12), `x.npy holds x: ${data}`)

  const json = await ansatz(['solve', '-', '--json'], { input: readFileSync(at('A.csv')) })
  const one = parsed(json.out)
  t.ok(json.code === 0 && one['certified'] === true && one['status'] === 'certified', 'standard input, as JSON')
  t.equal(one['bSource'], 'ones', 'it says that b = A * ones')

  const propose = await ansatz(['solve', at('A.csv'), '--propose-only', '--json'])
  t.ok(
    propose.code === exits.uncertified.code && parsed(propose.out)['status'] === 'proposed',
    'a proposal is no certified answer'
  )
  const literal = await ansatz(['solve', at('A.csv'), '--literal', '--backend', 'cpu', '--json'])
  const { degree } = parsed(literal.out)['model'] as { readonly degree: unknown }
  t.ok(literal.code === 0 && degree === null, 'the literal tokens on cpu')

  const singular = await ansatz(['solve', at('singular.csv')])
  t.ok(singular.code === exits.uncertified.code && /not certified/.test(singular.out), 'a singular matrix: exit code 4')

  const many = await ansatz(['solve', at('many'), '--json'])
  const list = JSON.parse(many.out) as readonly { readonly certified: boolean; readonly x: readonly number[] }[]
  t.ok(many.code === 0 && list.length === 2 && list.every((s) => s.certified), 'a folder: an array of answers')
  t.ok(
    list.every((s) => s.x.every((v) => Math.abs(v - 1) < 1e-10)),
    'each with its x'
  )
  writeFileSync(at('B.csv'), '5,4\n5,1\n3,0\n')
  const columns = await ansatz(['solve', at('A.csv'), at('B.csv'), '--lazy', '--out', at('X.csv')])
  t.ok(columns.code === 0 && /2 right-hand sides/.test(columns.out), 'two right-hand sides as columns')
  const X = readFileSync(at('X.csv'), 'utf8').trim().split('\n')
  const rows = X.map((row) => row.split(',').map((v) => Math.round(1e9 * Number(v)) / 1e9 + 0))
  t.deepEqual(
    rows,
    [
      [1, 1],
      [1, 0],
      [1, 0]
    ],
    'X has a column for each'
  )
  const batch = await ansatz(['solve', at('batch.json')])
  t.ok(
    batch.code === exits.uncertified.code && /3 systems/.test(batch.out),
    'a batch with a singular system: exit code 4'
  )
})

test('print, models, backends as text and JSON', async (t) => {
  const tree = await ansatz(['print', 'block-linear-3'])
  t.ok(tree.code === 0 && /^block-linear-3 : .*\n├─ equations/.test(tree.out), 'a tree')
  const phases = await several(['tree', 'equations', 'plan', 'kernels'], (phase) =>
    ansatz(['print', 'polynomial-24', '--phase', phase, '--json'])
  )
  for (const p of phases) t.ok(p.code === 0 && parsed(p.out)['name'] !== undefined, 'a phase as JSON')
  writeFileSync(at('spec.json'), phases[0]!.out)
  const own = await ansatz(['print', at('spec.json'), '--phase', 'kernels', '--n', '5', '--goal', 'forward'])
  t.ok(own.code === 0 && own.out.includes('n = 5') && own.out.includes('function '), 'the kernels of a spec in JSON')
  const [list, card, backends] = await several(
    [['models'], ['models', 'block-linear-3'], ['backends']],
    async (args) => [await ansatz(args), await ansatz([...args, '--json'])] as const
  )
  t.ok(/block-linear-3 .*\n/.test(list![0].out) && Array.isArray(parsed(list![1].out)['zoo']), 'models')
  t.ok(/measured/.test(card![0].out) && parsed(card![1].out)['card'] !== null, 'the card of a checkpoint')
  t.match(backends![0].out, /cpu +works/, 'cpu works everywhere')
  t.ok(['wgsl', 'wasm', 'webasm', 'cpu'].includes(String(parsed(backends![1].out)['auto'])), 'auto takes one')
})

test('a reader that stops reading ends the program in silence', (t) => {
  const shell = `node --import tsx runtime/cli/main.ts print block-linear-3 --phase kernels | head -1; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { cwd: root, encoding: 'utf8' })
  t.match(stdout, /^\/\/ block-linear-3 [^\n]*\n0\n$/, 'its first line, and exit code 0')
  t.equal(stderr, '', 'and no complaint')
  t.end()
})

test('check', async (t) => {
  const ran = await ansatz([
    'check',
    'polynomial-6',
    '--backend',
    'cpu',
    '--sizes',
    '2,3',
    '--batches',
    '1,2',
    '--json'
  ])
  const found = parsed(ran.out)
  t.ok(ran.code === 0 && found['fails'] === 0 && Number(found['holds']) > 20, `${String(found['holds'])} rungs hold`)
  const table = await ansatz(['check', 'polynomial-6', '--backend', 'cpu', '--sizes', '2', '--batches', '1'])
  t.match(table.out, /lowering .*holds[\s\S]*0 fail/, 'a table of rungs')
})

test('evaluate', async (t) => {
  const ran = await ansatz(['evaluate', '--systems', '40', '--sizes', '2,9', '--backend', 'cpu', '--json'])
  const rows = parsed(ran.out)['rows'] as readonly {
    readonly model: string
    readonly ok: boolean
    readonly float64: number
  }[]
  t.equal(ran.code, 0, 'promises hold')
  t.ok(rows.length === 14 && rows.every((r) => r.ok && r.float64 < 1), `${rows.length} rows`)
})

test('training: finished, interrupted, gone on with', async (t) => {
  const recipe = at('small.json')
  const listed = parsed((await ansatz(['models', 'adam-demo', '--json'])).out)
  const adam = (listed['stages'] as readonly Record<string, unknown>[])[0]!
  const small = (steps: number): void =>
    writeFileSync(recipe, JSON.stringify({ ...listed, name: 'small', stages: [{ ...adam, steps, batch: 8 }] }))

  small(20)
  const done = await ansatz(['train', recipe, '--out', at('done.safetensors'), '--json'])
  t.ok(done.code === 0 && parsed(done.out)['status'] === 'finished', 'a run that ends: exit code 0')
  t.ok(
    existsSync(at('done.safetensors')) && !existsSync(at('done.training.safetensors')),
    'weights, and nothing to go on from'
  )
  const used = await ansatz(['solve', at('A.csv'), '--model', at('done.safetensors'), '--json'])
  t.equal(used.code, 0, 'the weights solve')

  small(1_000_000)
  const kept = at('long.training.safetensors')
  const long = await ansatz(['train', recipe, '--out', at('long.safetensors'), '--every', '10'], {
    interruptWhen: () => existsSync(kept)
  })
  t.equal(long.code, exits.interrupted.code, 'interrupted: exit code 130')
  t.match(long.err, /go on with: ansatz train .* --resume .*long\.training\.safetensors/, 'it says how to go on')
  t.ok(existsSync(kept) && !existsSync(at('long.safetensors')), 'a checkpoint is kept')
  const wrong = await ansatz(['train', 'adam-demo', '--resume', kept, '--out', at('other.safetensors')])
  t.ok(wrong.code === exits.model.code && isSentence(wrong.err), 'it is refused for another recipe')

  // A run of 300 steps, interrupted on the way and gone on with, has the bytes of one that was not.
  small(300)
  const whole = await ansatz(['train', recipe, '--out', at('whole.safetensors')])
  const cut = at('cut.training.safetensors')
  const first = await ansatz(['train', recipe, '--out', at('cut.safetensors'), '--every', '1'], {
    interruptWhen: () => existsSync(cut)
  })
  if (first.code === exits.interrupted.code) {
    const rest = await ansatz(['train', recipe, '--out', at('cut.safetensors'), '--resume', cut])
    t.equal(rest.code, 0, 'it goes on to the end')
  }
  t.equal(whole.code, 0, 'the uninterrupted run ends')
  t.ok(readFileSync(at('whole.safetensors')).equals(readFileSync(at('cut.safetensors'))), 'the same bytes')
})
