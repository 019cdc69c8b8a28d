/**
 * Many right-hand sides of one matrix: every value that depends on b gets an axis `rhs` after that of the systems, and
 * everything that depends on A alone is computed once for all of them.
 */
import * as Dim from '../spec/dim'
import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'

/** The number of right-hand sides of each matrix. */
export const rhs: Dim.Dim = Dim.symbol('rhs')

const own = X.index('rhs', rhs)

const inserted = <A>(axes: readonly A[], axis: A): readonly A[] => [...axes.slice(0, 1), axis, ...axes.slice(1)]

/** `b[s,rhs,i]` for `b[s,i]`, and `x[s,rhs,i]` for `x[s,i]`. The meaning is that of the equations on every (A_s, b_s,rhs). */
export const manyRightHandSides = (e: Equations): Equations => {
  const lifted = new Set(['b'])
  const equations = e.equations.map((eq): Equation => {
    if (!X.tensors(eq.value).some((name) => lifted.has(name))) return eq
    lifted.add(eq.defines)
    const value = X.mapReads((read) =>
      lifted.has(read.tensor) ? { ...read, at: inserted<X.Position>(read.at, own) } : read
    )(eq.value)
    return { ...eq, over: inserted(eq.over, own), value }
  })
  const tensors = Object.fromEntries(
    Object.entries(e.tensors).map(([name, t]): [string, Tensor] => {
      if (!lifted.has(name)) return [name, t]
      if (t.dims[0] === undefined || !Dim.equals(t.dims[0], Dim.batch)) {
        throw new Error(`internal: ${name} depends on b and has no axis of systems`)
      }
      return [name, { ...t, dims: inserted(t.dims, rhs) }]
    })
  )
  return { ...e, tensors, equations }
}
