/** Programs of a user of the package, as texts: they are compiled and run where the package is installed. */

/** Uses the library and the specs with their types; the last three lines are wrong, which proves that the types are there. */
export const typed = `
import { solveAsync } from 'ansatz'
import { type Executable, openBackend } from 'ansatz/backends'
import { Zoo } from 'ansatz/spec'
import * as Option from 'fp-ts/lib/Option.js'

const solution = await solveAsync({ A: [[4, 1], [1, 3]], b: [1, 2] })
export const status: string = solution.status
export const first: number = solution.x[0] ?? 0
export const model: object = Zoo.blockLinear
export const wasm = await openBackend('wasm')()
export const close = (executable: Executable): Promise<void> => executable.dispose()
export const none: Option.Option<number> = Option.none

export const wrongStatus: number = solution.status
export const wrongModel: number = Zoo.blockLinear
export const wrongBackend = openBackend('no such')
`

/** The lines of `typed` that must be refused. */
export const wrong = ['wrongStatus', 'wrongModel', 'wrongBackend']

/** Solves a system on a gpu.js backend, opens ours, and prints what it got as JSON. */
export const program = `
import { solveAsync } from 'ansatz'
import { openBackend } from 'ansatz/backends'
import * as Spec from 'ansatz/spec'

const { status, x, path, backend } = await solveAsync({ A: [[4, 1], [1, 3]], b: [1, 2] }, { backend: 'webasm' })
const own = await openBackend('wasm')()
console.log(JSON.stringify({ status, x: [...x], path, backend, own: own.right.adapter, specs: Object.keys(Spec) }))
`
