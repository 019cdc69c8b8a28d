/** Runs one test file in a process of its own, within a time limit. */
import { spawn } from 'node:child_process'
import type { Ending } from './tap'

/** Runs FILE with `node --import tsx`; `limit` in seconds, after which the process and its children are ended. */
export const run = (file: string, limit: number): Promise<Ending & { readonly seconds: number }> =>
  new Promise((resolve) => {
    const start = performance.now()
    const out: Buffer[] = []
    const err: Buffer[] = []
    let timedOut = false
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32'
    })
    const stop = (): void => {
      if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL')
      else {
        try {
          process.kill(-child.pid, 'SIGKILL')
        } catch {
          child.kill('SIGKILL')
        }
      }
    }
    const clock = setTimeout(() => {
      timedOut = true
      stop()
    }, limit * 1000)
    process.once('exit', stop)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    const done = (code: number | null, signal: string | null, said = ''): void => {
      clearTimeout(clock)
      process.removeListener('exit', stop)
      resolve({
        code,
        signal: timedOut ? null : signal,
        timedOutAfter: timedOut ? limit : null,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8') + said,
        seconds: (performance.now() - start) / 1000
      })
    }
    child.once('error', (cause) => done(1, null, cause.message))
    child.once('close', (code, signal) => done(code, signal))
  })
