/** Equations written by hand rather than lowered from a model: small programs for probes and comparisons. */
import * as Dim from '../spec/dim'
import type { Equations, Tensor } from './equation'
import type { Expr, Index } from './expr'

export interface ByHand {
  readonly name: string
  readonly inputs: readonly { readonly name: string; readonly role: Tensor['role']; readonly dims: readonly number[] }[]
  /** `defines[over] = value`, in order. */
  readonly equations: readonly { readonly defines: string; readonly over: readonly Index[]; readonly value: Expr }[]
  readonly outputs: readonly string[]
  readonly updates?: Equations['updates']
}

export const byHand = ({ name, inputs, equations, outputs, updates = [] }: ByHand): Equations => {
  const given = inputs.map((t): Tensor => ({ ...t, dims: t.dims.map((d) => Dim.of(d)) }))
  const defined = equations.map(
    ({ defines, over }): Tensor => ({ name: defines, role: 'value', dims: over.map((i) => i.dim) })
  )
  const all = [...given, ...defined]
  const labels = Object.fromEntries(all.map((t) => [t.name, t.name]))
  return {
    name,
    tensors: Object.fromEntries(all.map((t) => [t.name, t])),
    equations: equations.map((eq) => ({ ...eq, rule: name, part: 'forward', path: name, labels })),
    outputs,
    updates
  }
}
