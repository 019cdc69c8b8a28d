/**
 * Threads of Node (`worker_threads`) and of pages (`Worker`), which run texts of ours: so they need no file of their own in a
 * bundle. A page has them where it may share memory, that is, where it is cross-origin isolated.
 */

/** A text runs with these names: `data`, what it was started with; `tell(value)`; and `listen(f)`, which hears every `post`. */
export type Text = string

export interface Listener {
  readonly heard?: (value: unknown) => void
  /** An error in the thread, or its end, in words that follow its name: `failed: out of memory`. */
  readonly ended?: (how: string) => void
}

export interface Thread {
  readonly post: (value: unknown) => void
  /** Whether the process waits for this thread; a new one does not keep it alive. Pages end when they are left. */
  readonly keepAlive: (keeps: boolean) => void
  readonly terminate: () => Promise<void>
}

// --- what there is ---------------------------------------------------------------------------------------------------

interface NodeWorker {
  readonly on: (event: string, listener: (value: unknown) => void) => void
  readonly postMessage: (value: unknown) => void
  readonly ref: () => void
  readonly unref: () => void
  readonly terminate: () => Promise<unknown>
}

interface PageWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
  readonly postMessage: (value: unknown) => void
  readonly terminate: () => void
}

interface Outside {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown }
  readonly crossOriginIsolated?: boolean
  readonly document?: unknown
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly Worker?: new (address: string) => PageWorker
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => unknown
  readonly URL?: {
    readonly createObjectURL?: (of: unknown) => string
    readonly revokeObjectURL?: (address: string) => void
  }
}

const outside = globalThis as unknown as Outside

/** A module of Node, asked for by name, so that bundles for pages need not have it. */
export const builtin = <A>(name: string): A | null =>
  (outside.process?.getBuiltinModule?.(name) as A | undefined) ?? null

interface NodeThreads {
  readonly Worker: new (text: string, options: { eval: true; workerData: unknown; execArgv: string[] }) => NodeWorker
}

const nodeThreads = (): NodeThreads | null => builtin<NodeThreads>('node:worker_threads')

const pageThreads = (): boolean =>
  outside.crossOriginIsolated === true && outside.Worker !== undefined && outside.URL?.createObjectURL !== undefined

/** Whether threads that share memory can be had here. */
export const canThread = (): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && (nodeThreads() !== null || pageThreads())

/** Whether this thread may sleep until another one wakes it: a page's own may not. */
export const maySleep = (): boolean => outside.document === undefined

/** Threads that may work here at once: one where no other may share memory. */
export const parallelism = (): number => {
  if (!canThread()) return 1
  const os = builtin<{ readonly availableParallelism?: () => number }>('node:os')
  return os?.availableParallelism?.() ?? outside.navigator?.hardwareConcurrency ?? 1
}

// --- starting --------------------------------------------------------------------------------------------------------

const inNode = (text: Text): string => `
const { parentPort, workerData: data } = require('node:worker_threads')
const tell = (value) => parentPort.postMessage(value)
const listen = (f) => parentPort.on('message', f)
${text}`

const inPage = (text: Text): string => `
onmessage = ({ data }) => {
const tell = (value) => postMessage(value)
const listen = (f) => { onmessage = (event) => f(event.data) }
${text}
}`

const onNode = ({ Worker }: NodeThreads, text: Text, data: object, on: Listener): Thread => {
  const worker = new Worker(inNode(text), { eval: true, workerData: data, execArgv: [] })
  if (on.heard !== undefined) worker.on('message', on.heard)
  worker.on('error', (cause) => on.ended?.(`failed: ${cause instanceof Error ? cause.message : String(cause)}`))
  worker.on('exit', () => on.ended?.('ended before it had an answer'))
  // After the listeners: whoever listens to messages waits for them.
  worker.unref()
  // Who waits for the end of a thread must live to see it, whatever the thread still tells.
  let ending = false
  return {
    post: (value) => worker.postMessage(value),
    keepAlive: (keeps) => {
      if (ending) return
      if (keeps) worker.ref()
      else worker.unref()
    },
    terminate: async () => {
      ending = true
      await worker.terminate()
    }
  }
}

const onPage = (text: Text, data: object, on: Listener): Thread => {
  const { Worker, Blob, URL } = outside
  if (Worker === undefined || Blob === undefined || URL?.createObjectURL === undefined) {
    throw new Error('internal: no threads here; ask canThread first')
  }
  const address = URL.createObjectURL(new Blob([inPage(text)], { type: 'text/javascript' }))
  const worker = new Worker(address)
  worker.onmessage = (event) => on.heard?.(event.data)
  worker.onerror = ({ message }) => on.ended?.(`failed: ${message ?? 'the page does not let it start'}`)
  worker.postMessage(data)
  return {
    post: (value) => worker.postMessage(value),
    keepAlive: () => {},
    terminate: async () => {
      worker.terminate()
      URL.revokeObjectURL?.(address)
    }
  }
}

/** Starts a thread. It must not outlive its use: `terminate` it. */
export const thread = (text: Text, data: object, on: Listener = {}): Thread => {
  const node = nodeThreads()
  return node === null ? onPage(text, data, on) : onNode(node, text, data, on)
}
