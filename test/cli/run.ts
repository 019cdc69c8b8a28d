/** Runs the command line as a person does, in a process of its own. */
import { spawn } from 'node:child_process'
import { packageRoot } from '../../runtime/package/root'

export const root = packageRoot()

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** Called with what standard error has said so far; `true` interrupts the process once, as Ctrl-C does. */
  readonly interruptWhen?: () => boolean
  /** What interrupts it; SIGINT without one. */
  readonly signal?: NodeJS.Signals
}

/** `ansatz ...args`: its exit code and all that it printed. */
export const ansatz = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'runtime/cli/main.ts', ...args], {
      cwd: root,
      env: { ...process.env, ANSATZ_DEBUG: '0', ...options.env }
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const { interruptWhen, signal = 'SIGINT' } = options
    const watch =
      interruptWhen === undefined
        ? undefined
        : setInterval(() => {
            if (!interruptWhen()) return
            clearInterval(watch)
            child.kill(signal)
          }, 50)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ code, out, err })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })

/** Calls `f` on every item, a few at a time. */
export const several = async <A, B>(items: readonly A[], f: (item: A) => Promise<B>, atOnce = 3): Promise<B[]> => {
  const found: B[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const k = next++
      found[k] = await f(items[k] as A)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return found
}

/** One sentence for people: it begins with our name, stands on one line, and holds no stack. */
export const isSentence = (err: string): boolean =>
  /^ansatz: [^\n]{10,400}\n(\(Did you mean [^\n]+\n)?$/.test(err) &&
  !/\bat .*:\d+:\d+|node:internal|internal:|(?<!found )undefined/.test(err)
