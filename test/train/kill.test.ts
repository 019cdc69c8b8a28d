/** Trainings that are killed, interrupted and ended at any moment: nothing is damaged, and the result has the same bytes. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as esbuild from 'esbuild'
import test from 'tape'

import { read } from '../../runtime/checkpoint/checkpoint'
import { exits } from '../../runtime/cli/exit'
import { writeDataset } from '../../runtime/data/write'
import { packageRoot } from '../../runtime/package/root'
import { Family } from '../../spec'
import { interval, type KillCase, killCases } from '../support/kill-cases'
import { right } from '../support/right'
import { uniforms } from '../support/systems'

const root = packageRoot()
mkdirSync(path.join(root, '.scratch'), { recursive: true })
const scratch = mkdtempSync(path.join(root, '.scratch/kill-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

// Bundled, so that a process begins to train after a fraction of a second.
await esbuild.build({
  entryPoints: [path.join(root, 'test/support/train-child.ts')],
  outdir: path.join(scratch, 'child'),
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  external: ['gpu.js', 'webgpu', 'gl']
})
const child = path.join(scratch, 'child/train-child.js')

// --- processes -------------------------------------------------------------------------------------------------------

interface Kill {
  readonly signal: NodeJS.Signals
  /** Whether it is time, by what the process has said. */
  readonly when: (said: string) => boolean
  /** Milliseconds from then on. */
  readonly delay: number
}

interface Ended {
  /** `null` where a signal ended it. */
  readonly code: number | null
  readonly said: string
  readonly pid: number
}

const train = (number: number, folder: string, kill: Kill | null): Promise<Ended> =>
  new Promise((done) => {
    const running = spawn(process.execPath, [child, String(number), folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    let sent = false
    running.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (kill === null || sent || !kill.when(said)) return
      sent = true
      setTimeout(() => running.kill(kill.signal), kill.delay)
    })
    running.on('close', (code) => done({ code, said, pid: running.pid ?? 0 }))
  })

const iterations = (said: string): number => said.split('+').length - 1

/** At some iteration of a run of so many, in the middle of a state's writing, or at the seam of two stages. */
const killsOf = (whole: number, rounds: number): readonly Kill[] => {
  const next = uniforms(11)
  const most = Math.max(1, Math.floor(whole / (4 * rounds)))
  const some = (signal: NodeJS.Signals): Kill => {
    const after = 1 + Math.floor(most * next())
    return { signal, when: (said) => iterations(said) >= after, delay: 3 * next() }
  }
  const at = (mark: string): Kill => ({ signal: 'SIGKILL', when: (said) => said.includes(mark), delay: 0 })
  return Array.from({ length: rounds }, () => [
    some('SIGKILL'),
    some('SIGINT'),
    at('='),
    some('SIGTERM'),
    at('|'),
    some('SIGKILL'),
    at('|.')
  ]).flat()
}

const rounds = Number(process.env['ANSATZ_KILLS'] ?? 1)

// --- the test --------------------------------------------------------------------------------------------------------

const prepared = async (name: string, { stored }: KillCase): Promise<string> => {
  const folder = path.join(scratch, name)
  mkdirSync(folder)
  if (stored === null) return folder
  const family = Family.spd({ kappa: 5, sizes: 3 })
  right(await writeDataset(path.join(folder, 'data'), { family, seed: 1, count: stored, n: 3, dtype: 'float64' })())
  return folder
}

for (const [number, given] of killCases.entries()) {
  test(`${given.name}: killed and interrupted on the way, it ends with the same bytes`, async (t) => {
    const whole = await prepared(`whole-${number}`, given)
    const cut = await prepared(`cut-${number}`, given)
    const left = await train(number, whole, null)
    t.equal(left.code, exits.done.code, `a run left alone ends, after ${iterations(left.said)} iterations`)
    let [made, killed, interrupted] = [0, 0, 0]
    for (const [k, kill] of killsOf(iterations(left.said), rounds).entries()) {
      const { code, said, pid } = await train(number, cut, kill)
      made += iterations(said)
      if (code === exits.done.code) break
      if (code === null) killed++
      else if (code === exits.interrupted.code && kill.signal !== 'SIGKILL') interrupted++
      else t.fail(`${kill.signal} ended it with exit code ${code}`)
      const state = path.join(cut, 'state')
      if (!existsSync(state)) continue
      const found = await read(state)()
      if (found._tag === 'Left') t.fail(`the state is damaged: ${found.left.cause}`)
      // What a process leaves that is killed while it writes.
      if (k === 0) await writeFile(path.join(cut, `.state.${pid}.tmp`), (await readFile(state)).subarray(0, 500))
    }
    t.ok(killed + interrupted >= 3, `killed ${killed} times, interrupted ${interrupted} times`)
    const rest = await train(number, cut, null)
    made += iterations(rest.said)
    t.equal(rest.code, exits.done.code, 'the last run goes on and ends')
    const lost = made - iterations(left.said)
    t.ok(
      lost >= 0 && lost <= interval * killed,
      `${lost} iterations made again: no more than ${interval} for each killed`
    )
    const results = await Promise.all([whole, cut].map((folder) => readFile(path.join(folder, 'result'))))
    t.ok(results[0]?.equals(results[1] ?? Buffer.of()), 'with the same bytes')
    const again = await train(number, cut, null)
    t.equal(iterations(again.said), 0, 'after its end nothing is left to do')
    t.ok(results[0]?.equals(await readFile(path.join(cut, 'result'))), 'and the result is the same')
    const litter = (await readdir(cut)).filter((name) => name.endsWith('.tmp'))
    t.deepEqual(litter, [], 'nothing else is left of those that were killed')
    t.end()
  })
}
