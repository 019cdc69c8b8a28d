/** PyTorch beside us, where Python has it with CUDA: a script of its own that prints JSON, or the reason why not. */
import { spawn } from 'node:child_process'

import type { Sizes } from './cases'
import type { Peer, PeerRow } from './result'

const isRows = (value: unknown): value is readonly PeerRow[] =>
  Array.isArray(value) &&
  value.every((r) => typeof r?.what === 'string' && typeof r?.beside === 'string' && typeof r?.seconds === 'number')

const parse = (text: string): Peer => {
  try {
    const said = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Partial<Record<string, unknown>>
    if (typeof said['absent'] === 'string') return { _tag: 'absent', reason: said['absent'] }
    if (typeof said['name'] === 'string' && isRows(said['rows'])) {
      return { _tag: 'ran', name: said['name'], rows: said['rows'] }
    }
  } catch {
    // What follows says it.
  }
  return { _tag: 'absent', reason: 'the Python script printed no JSON that we know' }
}

/** Runs the script with `python3`; `limit` in seconds, compilation of the transformer included. */
export const torch =
  (script: string, limit: number) =>
  (sizes: Sizes): Promise<Peer> =>
    new Promise((resolve) => {
      const child = spawn('python3', ['-', JSON.stringify(sizes)], { stdio: ['pipe', 'pipe', 'pipe'] })
      let [out, said] = ['', '']
      const clock = setTimeout(() => child.kill('SIGKILL'), 1000 * limit)
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8')
      })
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-2000)
      })
      child.stdin.on('error', () => undefined)
      child.once('error', (cause) => {
        clearTimeout(clock)
        resolve({ _tag: 'absent', reason: `python3 does not start (${cause.message})` })
      })
      child.once('close', (code) => {
        clearTimeout(clock)
        const last = said.trim().split('\n').at(-1) ?? ''
        resolve(code === 0 ? parse(out) : { _tag: 'absent', reason: `the Python script ended with ${code} (${last})` })
      })
      child.stdin.end(script)
    })
