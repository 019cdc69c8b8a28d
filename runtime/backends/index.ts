/**
 * Backends alone, for programs that keep their plans: nothing else of the library is read.
 *
 *     import { openBackend } from 'ansatz/backends'
 */
export type { Plan } from '../../codegen/plan'
export { type BackendError, type BackendName, backendNames } from './error'
export { open as openBackend } from './open'
export type { Arrays, Executable, OpenOptions, Runtime } from './runtime'
