/**
 * gpu.js reports some failures only on the console: a cpu kernel that does not compile, a fallback to cpu, WebGPU
 * validation errors. While a body runs, those lines are collected instead of printed; all other lines pass through.
 */

const ours = /^gpu\.js\b|^Falling back to CPU|^An error occurred compiling the javascript/

interface Collector {
  readonly lines: string[]
}

const active = new Set<Collector>()
let restore: (() => void) | null = null

const intercept = (): (() => void) => {
  const { warn, error } = console
  const through =
    (print: (...args: unknown[]) => void) =>
    (...args: unknown[]): void => {
      if (typeof args[0] === 'string' && ours.test(args[0])) {
        const line = args.map((arg) => (arg instanceof Error ? arg.message : String(arg))).join(' ')
        for (const collector of active) collector.lines.push(line)
      } else print.apply(console, args)
    }
  console.warn = through(warn)
  console.error = through(error)
  return () => {
    console.warn = warn
    console.error = error
  }
}

/** Runs `body`; the second part of the answer is what gpu.js said on the console meanwhile. */
export const collectMessages = async <A>(body: () => Promise<A>): Promise<readonly [A, readonly string[]]> => {
  const collector: Collector = { lines: [] }
  active.add(collector)
  restore ??= intercept()
  try {
    return [await body(), collector.lines]
  } finally {
    active.delete(collector)
    if (active.size === 0) {
      restore?.()
      restore = null
    }
  }
}
