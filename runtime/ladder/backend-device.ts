/** A backend as the ladder sees it. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { BackendError } from '../backends/error'
import type { Runtime } from '../backends/runtime'
import type { Device } from './device'

const right = async <A>(task: TaskEither<BackendError, A>): Promise<A> => {
  const made = await task()
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}

/** Parameters and state are loaded, data is run: every kind of input takes the way it takes in use. */
export const deviceOf = (runtime: Runtime): Device => ({
  name: runtime.backend,
  target: runtime.target,
  compile: async (plan, printers) => {
    const made = await right(runtime.compile(plan, printers))
    const pick = (data: boolean) => plan.inputs.filter((i) => (i.role === 'data') === data).map((i) => i.name)
    const [kept, passed] = [pick(false), pick(true)]
    const only = (names: readonly string[], all: Readonly<Record<string, Float32Array>>) =>
      Object.fromEntries(names.map((name) => [name, all[name] ?? new Float32Array()]))
    return {
      run: async (inputs) => {
        const loaded = made.load(only(kept, inputs))
        if (E.isLeft(loaded)) throw new Error(loaded.left.message)
        return right(made.run(only(passed, inputs)))
      },
      launch: (index, inputs) => right(made.launch(index, inputs)),
      dispose: () => made.dispose()
    }
  }
})
