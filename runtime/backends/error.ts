/** The backends by name, and what can go wrong with one, said in a sentence. */

/**
 * The ways to run a kernel: `wasm` is our own WebAssembly and `wgsl` our own compute shaders on WebGPU; the others are
 * gpu.js's modes, except that `webgl2` is the browser's and `headlessgl` Node's.
 */
export type BackendName = 'wasm' | 'cpu' | 'webasm' | 'webgpu' | 'headlessgl' | 'webgl2' | 'wgsl'

export const backendNames: readonly BackendName[] = ['wasm', 'cpu', 'webasm', 'webgpu', 'headlessgl', 'webgl2', 'wgsl']

/** Narrows a word from a command line to a backend's name. */
export const isBackendName = (word: string): word is BackendName => backendNames.some((name) => name === word)

/**
 * `unavailable`: this machine cannot run the backend; `program`: the program itself is malformed for it;
 * `compile`: a kernel does not compile; `input`: an array is missing or has the wrong size;
 * `fallback`: something else than the requested backend would have run; `lost`: the device went away;
 * `execution`: the device reported an error.
 */
export type BackendReason = 'unavailable' | 'program' | 'compile' | 'input' | 'fallback' | 'lost' | 'execution'

export interface BackendError {
  readonly _tag: 'BackendError'
  readonly backend: string
  readonly reason: BackendReason
  /** One sentence: where, expected, got, likely cause, what to try. */
  readonly message: string
}

export const backendError = (backend: string, reason: BackendReason, message: string): BackendError => ({
  _tag: 'BackendError',
  backend,
  reason,
  message: `backend ${backend}: ${message}`
})

/** Carries a BackendError through promise code; it never leaves this folder. */
export class Failure extends Error {
  readonly error: BackendError
  constructor(error: BackendError) {
    super(error.message)
    this.error = error
  }
}

/** The first line of what a library said, cut to a sentence's length, without its closing stop. */
export const brief = (cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause)
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at '))
  const joined = lines[0]?.endsWith(':') ? `${lines[0]} ${lines[1] ?? ''}` : (lines[0] ?? 'no reason given')
  return joined.slice(0, 300).replace(/[.\s]+$/, '')
}

/** Turns whatever was thrown into a BackendError; a lost device is recognised by what is said of it. */
export const asBackendError = (backend: string, reason: BackendReason, where: string, cause: unknown): BackendError => {
  if (cause instanceof Failure) return cause.error
  const said = brief(cause)
  return /\blost\b|device is destroyed|destroyed device|instance dropped/i.test(said)
    ? lostError(backend, where, said)
    : backendError(backend, reason, `${where}: ${said}`)
}

/** The device went away, and with it whatever was kept there. */
export const lostError = (backend: string, where: string, said: string): BackendError =>
  backendError(
    backend,
    'lost',
    `${where}: the device was lost (${said}), so there is no result; open the backend again`
  )
