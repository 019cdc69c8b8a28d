/**
 * Printed programs train: on one device, four, and in two processes; stopped and started again; begun here and ended there. In
 * float64 all of them agree to rounding, which Adam makes larger where a gradient vanishes.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import test from 'tape'

import { read, write } from '../../runtime/checkpoint/checkpoint'
import { openDataset } from '../../runtime/data/dataset'
import { writeDataset } from '../../runtime/data/write'
import { follow, type TrainState } from '../../runtime/train/train'
import type { Weights } from '../../runtime/weights/weights'
import { sizesOf } from '../../spec/family'
import { python, type RunOptions, withJax } from '../support/python'
import { right } from '../support/right'
import { inFolder, recipe, stage } from './program'

const wide = ['--dtype', 'float64']

const run = async (folder: string, out: string, more: readonly string[] = wide, options: RunOptions = {}) =>
  python(['train.py', '--data', 'train', '--held-out', 'held-out', '--out', `${out}.safetensors`, ...more], {
    cwd: folder,
    ...options
  })

const weightsIn = async (folder: string, out: string): Promise<Weights> =>
  right(await read(path.join(folder, `${out}.safetensors`))()).weights

/** The largest difference, by the largest weight. */
const apart = (p: Weights, q: Weights): number => {
  const largest = Math.max(...Object.values(p).flatMap((a) => [...a].map(Math.abs)))
  const off = Object.entries(p).map(([name, a]) =>
    Math.max(...a.map((x, k) => Math.abs(x - (q[name]?.[k] ?? Number.NaN))))
  )
  return Math.max(...off) / largest
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const rounding = 1e-9

test(
  'one device, four devices, two processes and ansatz itself give the same weights',
  withJax(async (t) => {
    await inFolder(async (folder) => {
      const port = await freePort()
      const member = (k: number) =>
        run(folder, 'two', [...wide, '--processes', '2', '--coordinator', `127.0.0.1:${port}`, '--process-id', `${k}`])
      const four = { env: { XLA_FLAGS: '--xla_force_host_platform_device_count=4' } }
      const ran = [
        await run(folder, 'one'),
        await run(folder, 'four', wide, four),
        ...(await Promise.all([member(0), member(1)]))
      ]
      t.deepEqual(
        ran.map(({ code, err }) => (code === 0 ? 0 : err)),
        [0, 0, 0, 0],
        'all of them end well'
      )
      const one = await weightsIn(folder, 'one')
      for (const out of ['four', 'two']) {
        const off = apart(one, await weightsIn(folder, out))
        t.ok(off < rounding, `${out}: ${off.toExponential(1)} apart from one device`)
      }
      const ours = right(await follow(recipe, { backend: 'javascript' })())
      const off = apart(one, ours.weights)
      t.ok(off < rounding, `ansatz: ${off.toExponential(1)} apart`)
      const lines = readFileSync(path.join(folder, 'one.metrics.jsonl'), 'utf8').trim().split('\n')
      const told = lines.map((line) => JSON.parse(line) as { step: number; heldOut?: { mse: number } })
      const judged = told.filter((l) => l.heldOut !== undefined)
      t.equal(judged.length, stage.steps / 10, 'judged as the recipe says')
      const best = Math.min(...judged.map((l) => l.heldOut?.mse ?? Number.NaN))
      t.ok(Math.abs(best / ours.loss - 1) < 1e-9, `the smallest error on held-out systems, ${best}`)
    })
  })
)

test(
  'float32 and bfloat16 train',
  withJax(async (t) => {
    await inFolder(async (folder) => {
      const ours = right(await follow(recipe, { backend: 'wasm' })())
      for (const [dtype, bound] of [
        ['float32', 1e-4],
        ['bfloat16', 0.3]
      ] as const) {
        const { code, err } = await run(folder, dtype, ['--dtype', dtype])
        if (code !== 0) t.fail(err)
        const { loss } = right(await read(path.join(folder, `${dtype}.safetensors`))())
        t.ok(
          Math.abs(loss / ours.loss - 1) < bound,
          `${dtype}: ${loss} on held-out systems, ansatz in float32: ${ours.loss}`
        )
      }
    })
  })
)

test(
  'a run begun here ends there, both ways, and a stopped run goes on',
  withJax(async (t) => {
    await inFolder(async (folder) => {
      const whole = right(await follow(recipe, { backend: 'javascript' })())
      const kept = path.join(folder, 'half.training.safetensors')

      const first = await run(folder, 'half', [...wide, '--steps', '13'])
      t.equal(first.code, 0, 'JAX stops after 13 steps')
      const state = right(await read(kept)()).state as TrainState
      t.equal(state.iteration, 13, 'and keeps where it stands')
      const ended = right(await follow(recipe, { resume: state })())
      const there = apart(whole.weights, ended.weights)
      t.ok(there < rounding, `ansatz goes on to weights ${there.toExponential(1)} apart`)

      const control = new AbortController()
      const stopped = right(
        await follow(recipe, {
          backend: 'javascript',
          signal: control.signal,
          onProgress: ({ iteration }) => {
            if (iteration === 13) control.abort()
          }
        })()
      )
      t.equal(stopped.state.iteration, 13, 'ansatz stops after 13 steps')
      const { model, seed } = recipe
      const about = { model, recipe, seed, card: null, weights: stopped.weights, loss: stopped.loss }
      right(await write(path.join(folder, 'ours.safetensors'), { ...about, state: stopped.state })())
      const second = await run(folder, 'back', [...wide, '--resume', 'ours.safetensors'])
      if (second.code !== 0) t.fail(second.err)
      const back = apart(whole.weights, await weightsIn(folder, 'back'))
      t.ok(back < rounding, `JAX goes on to weights ${back.toExponential(1)} apart`)

      const metrics = path.join(folder, 'signal.metrics.jsonl')
      const begun = (): boolean => existsSync(metrics) && readFileSync(metrics).length > 0
      const killed = await run(folder, 'signal', [...wide, '--log', '1'], { terminateWhen: begun })
      t.ok(killed.code === 130 || killed.code === 0, `SIGTERM: exit code ${killed.code}`)
      const again = await run(folder, 'signal')
      t.equal(again.code, 0, 'the same command goes on')
      const one = await run(folder, 'one')
      t.equal(one.code, 0, 'and a run left alone')
      const same = ['signal', 'one'].map((out) => readFileSync(path.join(folder, `${out}.safetensors`)))
      t.ok(same[0]?.equals(same[1] as Buffer), 'has the same bytes')
      t.notOk(existsSync(path.join(folder, 'signal.training.safetensors')), 'nothing but the result is left')
    })
  })
)

test(
  'a run on a dataset goes on there and here on that dataset only',
  withJax(async (t) => {
    await inFolder(async (folder) => {
      const at = path.join(folder, 'stored')
      const { low: n } = sizesOf(stage.family)
      right(await writeDataset(at, { family: stage.family, seed: 1, count: 20, n, dtype: 'float64' })())
      const dataset = right(await openDataset(at)())
      const stopped = await run(folder, 'half', [...wide, '--data', 'stored', '--steps', '13'])
      t.equal(stopped.code, 0, stopped.err)
      const state = right(await read(path.join(folder, 'half.training.safetensors'))()).state as TrainState
      t.equal(state.data, dataset.id, 'its state names the dataset')
      const whole = right(await follow(recipe, { dataset })())
      const ended = right(await follow(recipe, { resume: state, dataset })())
      const there = apart(whole.weights, ended.weights)
      t.ok(there < rounding, `ansatz goes on to weights ${there.toExponential(1)} apart`)
      const other = await run(folder, 'half')
      t.ok(other.code === 1 && /began on other systems than those of train/.test(other.err), other.err.trim())
      await dataset.close()
    })
  })
)

test(
  'what a program is wrongly given is one sentence',
  withJax(async (t) => {
    await inFolder(async (folder) => {
      const cases = [
        [['--data', 'nowhere', '--no-evaluation'], /nowhere: expected A.npy, b.npy and x.npy/],
        [['--data', 'train'], /give --held-out FOLDER, or --no-evaluation/],
        [['--data', 'held-out', '--held-out', 'held-out'], /holds 12 systems, and the recipe trains on 20/],
        [['--data', 'train', '--resume', 'train.py'], /train.py: is no checkpoint/],
        [['--data', 'train', '--processes', '2'], /need --coordinator HOST:PORT and --process-id/]
      ] as const
      for (const [args, sentence] of cases) {
        const { code, err } = await python(['train.py', ...args], { cwd: folder })
        t.ok(code === 1 && sentence.test(err) && err.trim().split('\n').length === 1, err.trim())
      }
    })
  })
)
