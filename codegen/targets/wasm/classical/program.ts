/** Classical solvers as loops over groups of systems: `A x = b` by Cholesky, or by conjugate gradients. */
import { call, int, load, op } from '../code'
import { batchPort, type GroupProgram, groupFor, groupProgram, type LanesPort, space } from '../lanes/group'
import { cg } from './cg'
import { cholesky } from './cholesky'

/**
 * A: [batch, n, n], symmetric, whole; b: [batch, n]. x: [batch, n]; `failed`: [batch], the pivot or the iteration at which
 * a system turned out not to be positive definite, or -1.
 */
export interface ClassicalProgram extends GroupProgram {
  readonly n: number
}

const program = (
  name: string,
  n: number,
  group: number | undefined,
  make: (at: {
    A: number
    b: number
    x: number
    failed: number
    room: (vectors: number) => number
    steps: number
  }) => Pick<Parameters<typeof groupProgram>[0], 'functions' | 'each'>,
  parameters: readonly string[] = []
): ClassicalProgram => {
  const room = space()
  const vectors = (count: number): number => room.take(16 * count)
  const shared = parameters.map((own): LanesPort => {
    const address = room.take(4)
    return { name: own, role: 'parameter', dims: [], elements: 1, batched: false, address, vectors: address }
  })
  const [A, b, x, failed] = [vectors(n * n), vectors(n), vectors(n), vectors(1)]
  const parts = make({ A, b, x, failed, room: vectors, steps: shared[0]?.address ?? 0 })
  const systems = group ?? groupFor(4 * n * (n + 1))
  const port = (own: string, dims: readonly number[], at: number): LanesPort =>
    batchPort(room, systems, { name: own, role: 'data', dims, vectors: at })
  const inputs = [...shared, port('A', [n, n], A), port('b', [n], b)]
  const outputs = [port('x', [n], x), port('failed', [1], failed)]
  const made = groupProgram({
    ...parts,
    name,
    group: systems,
    batch: null,
    inputs,
    outputs,
    bytes: room.end() + 16,
    begin: [],
    end: [],
    mask: null
  })
  return { ...made, n }
}

/** Cholesky's `x = L^-T L^-1 b`. */
export const choleskyProgram = (n: number, group?: number): ClassicalProgram =>
  program('Cholesky', n, group, ({ A, b, x, failed, room }) => ({
    functions: [cholesky(n)],
    each: [call('cholesky', int(A), int(b), int(x), int(room(n)), int(failed))]
  }))

/** Conjugate gradients from zero; the parameter `steps` is the number of iterations. */
export const cgProgram = (n: number, group?: number): ClassicalProgram =>
  program(
    'conjugate gradients',
    n,
    group,
    ({ A, b, x, failed, room, steps }) => ({
      functions: [cg(n)],
      each: [
        call(
          'cg',
          int(A),
          int(b),
          int(x),
          int(room(n)),
          int(room(n)),
          int(room(n)),
          int(failed),
          op('i32.trunc_sat_f32_s', load('f32.load', int(steps)))
        )
      ]
    }),
    ['steps']
  )
