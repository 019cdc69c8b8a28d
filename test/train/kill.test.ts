import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'

import { read } from '../../runtime/checkpoint/checkpoint'
import { uniforms } from '../support/systems'

const child = fileURLToPath(new URL('../support/train-child.ts', import.meta.url))
const kills = Number(process.env['ANSATZ_KILLS'] ?? 4)

/** Runs the training process; killed some milliseconds after so many states, or left alone. */
const train = (
  folder: string,
  kill: { readonly states: number; readonly delay: number } | null
): Promise<number | null> =>
  new Promise((done) => {
    const files = [path.join(folder, 'state'), path.join(folder, 'result')]
    const running = spawn(process.execPath, ['--import', 'tsx', child, ...files], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let states = 0
    running.stdout.on('data', (dots: Buffer) => {
      const before = states
      states += dots.length
      if (kill !== null && before < kill.states && states >= kill.states) {
        setTimeout(() => running.kill('SIGKILL'), kill.delay)
      }
    })
    running.on('exit', (code) => done(code))
  })

test(`a run killed ${kills} times ends with the same bytes, and no checkpoint is ever damaged`, async (t) => {
  const whole = await mkdtemp(path.join(tmpdir(), 'whole-'))
  const killed = await mkdtemp(path.join(tmpdir(), 'killed-'))
  const next = uniforms(11)
  try {
    t.equal(await train(whole, null), 0, 'a run left alone ends well')
    let [damaged, hit, progress] = [0, 0, -1]
    for (let k = 0; k < kills; k++) {
      const code = await train(killed, { states: 1 + Math.floor((300 / kills) * next()), delay: 5 * next() })
      if (code === null) hit++
      if (!existsSync(path.join(killed, 'state'))) continue
      const state = await read(path.join(killed, 'state'))()
      if (state._tag === 'Left') {
        damaged++
        continue
      }
      const { stage, start, iteration } = state.right.state!
      const now = (stage * 1000 + start) * 1000 + iteration
      if (now < progress) damaged++
      progress = now
    }
    t.ok(hit > kills / 2, `${hit} of ${kills} runs were killed before their end`)
    t.equal(damaged, 0, 'every file left behind is whole, and none is older than the one before')
    t.equal(await train(killed, null), 0, 'the last run goes on and ends well')
    const results = await Promise.all([whole, killed].map((folder) => readFile(path.join(folder, 'result'))))
    t.ok(results[0]!.equals(results[1]!), 'with the same bytes as the run left alone')
    const litter = (await readdir(killed)).filter((name) => name.endsWith('.tmp'))
    t.deepEqual(litter, [], 'and no litter of the killed ones')
  } finally {
    await Promise.all([whole, killed].map((folder) => rm(folder, { recursive: true })))
  }
  t.end()
})
