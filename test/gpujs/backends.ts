/** The backends that a test runs on: all that work here, and at least those in ANSATZ_REQUIRE_BACKENDS. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type BackendError, type BackendName, isBackendName, type Probe, probeAll } from '../../runtime/backends/probe'

/** Comma-separated names; absent means that only what works here is tried. */
export const required = (): readonly string[] =>
  (process.env['ANSATZ_REQUIRE_BACKENDS'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

let probed: Promise<readonly Probe[]> | null = null

export const probes = (): Promise<readonly Probe[]> => {
  probed ??= probeAll()()
  return probed
}

export const workingBackends = async (): Promise<readonly BackendName[]> =>
  (await probes()).filter(({ works }) => works).map(({ name }) => name)

/** Those of gpu.js, which take programs written by hand. */
export const gpujsBackends = async (): Promise<readonly BackendName[]> =>
  (await workingBackends()).filter((name) => !/^(wasm|wgsl)$/.test(name))

export const missingBackends = async (): Promise<readonly string[]> => {
  const working = await workingBackends()
  return required().filter((name) => !(isBackendName(name) && working.includes(name)))
}

/** The value, or an exception that carries the sentence. */
export const get = <A>(either: E.Either<BackendError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message)
  return either.right
}

export const must = async <A>(task: TaskEither<BackendError, A>): Promise<A> => get(await task())
