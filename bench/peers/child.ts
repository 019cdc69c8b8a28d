/** The benchmark's side of a contestant's process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { type Greeting, line, type Reply, type Request, reply } from './protocol'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Variables set or, where `undefined`, removed. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Child {
  readonly greeting: Greeting
  /** Fails with the contestant's own words. */
  readonly ask: (request: Request) => Promise<Reply & { readonly ok: true }>
  readonly stop: () => Promise<void>
}

/** The last words on a process's error output that say something: what it died of. */
const lastWords = (text: string): string => {
  const lines = text.split('\n').map((l) => l.trim())
  const error = lines.findLast((l) => /^(?:\w*Error\b|Cannot |.*: cannot )/.test(l))
  return error ?? lines.findLast((l) => l !== '') ?? 'no message'
}

const environment = (changes: Command['env']): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = { ...process.env }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  return env
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()))

/** Starts a contestant and waits for its greeting; a process that dies first, or cannot start, is a failure that says why. */
export const start = async (command: Command): Promise<Child> => {
  const child = spawn(command.program, [...command.args], {
    cwd: command.cwd,
    env: environment(command.env),
    stdio: ['pipe', 'pipe', 'pipe']
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000)
  })
  const waiting: { readonly resolve: (r: Reply) => void; readonly reject: (e: Error) => void }[] = []
  const failAll = (why: string): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error(why))
  }
  let gone: string | null = null
  child.once('error', (cause) => {
    gone = `${command.program} does not start: ${cause.message}`
    failAll(gone)
  })
  child.stdin.on('error', () => undefined) // the exit that follows says more
  child.once('close', (code, signal) => {
    gone ??= `its process ended (${signal ?? code}): ${lastWords(errors)}`
    failAll(gone)
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    const found = reply(text)
    if (found !== null) waiting.shift()?.resolve(found)
  })
  const next = (): Promise<Reply & { readonly ok: true }> =>
    new Promise<Reply>((resolve, reject) => {
      if (gone === null) waiting.push({ resolve, reject })
      else reject(new Error(gone))
    }).then((found) => {
      if (!found.ok) throw new Error(found.why)
      return found
    })
  const stop = async (): Promise<void> => {
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
    await ended(child)
    clearTimeout(timer)
  }
  try {
    const { greeting } = await next()
    if (greeting === undefined) throw new Error('internal: a contestant did not greet')
    return {
      greeting,
      ask: (request) => {
        child.stdin.write(line(request))
        return next()
      },
      stop
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}
