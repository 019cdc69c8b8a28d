/** Faults to plant in recurrent layers: in a step, between steps, and where tokens come apart and together. */
import * as X from '../../codegen/expr'
import { change, doubled, dropLastTerm, inside, lowering, oneFurther, type Planted, reading, value } from './planted'

/** Reads of a fixed gate, or of a fixed token, moved to another. */
const moved = (axis: number, to: (at: number) => number) =>
  value(
    X.mapReads((r) => {
      const p = r.at[axis]
      const at = p?._tag === 'size' ? (p.dim.terms[0]?.coefficient ?? 0) : null
      return at === null ? r : { ...r, at: r.at.map((own, k) => (k === axis ? X.position(to(at)) : own)) }
    })
  )

/** A sum as its first term. */
const firstTerm = value((v) => (v._tag === 'add' ? (v.terms[0] ?? X.zero) : X.zero))

/** `tanh(x)` in place of `tanh(x / 2)`: no condition on a gate inside tanh. */
const withoutHalves = value(
  inside((e) => (e._tag === 'tanh' && e.of._tag === 'multiply' ? X.tanh(e.of.factors.at(-1) ?? 0) : e))
)

/** Reads of the half behind as reads of the one before it. */
const besideItself = value(X.mapPositions((p) => (p._tag === 'plus' ? p.left : p)))

const planted = (name: string, part: 'forward' | 'vjp', ending: string, f: Parameters<typeof change>[2]): Planted => ({
  name,
  where: 'rule',
  compiler: () => lowering(change(part, ending, f))
})

export const plantedInLstm: readonly Planted[] = [
  planted(
    'input and forget gates change places',
    'forward',
    'forward.memory2',
    moved(1, (g) => (g < 2 ? 1 - g : g))
  ),
  planted('a step forgets what it carried', 'forward', 'forward.memory3', firstTerm),
  planted('gates take tanh(x) for tanh(x / 2)', 'forward', 'forward.gate1', withoutHalves),
  planted(
    'the last token on the way back is the first',
    'forward',
    'backward.gate4',
    moved(1, () => 3)
  ),
  planted(
    'a part of the tokens begins one late',
    'forward',
    'forward.Z.0',
    value(inside((e) => (e._tag === 'read' ? { ...e, at: e.at.map((p, k) => (k === 1 ? X.plus(p, 1) : p)) } : e)))
  ),
  planted('a token comes together with its neighbours one place off', 'forward', 'forward.Y.0', oneFurther),
  planted('what the ways leave is not side by side', 'vjp', 'lstm.dQ', besideItself),
  planted('a step of the VJP forgets what comes after it', 'vjp', 'forward.dy2', dropLastTerm),
  planted('the cotangent of memory stops at a step', 'vjp', 'forward.dmemory1', dropLastTerm),
  planted('a gate takes the slope of its neighbour', 'vjp', 'forward.dinto2', oneFurther),
  planted('one step counts twice', 'vjp', 'backward.dinto2', doubled),
  {
    name: 'the cotangent of U reads what is carried a step late',
    where: 'rule',
    compiler: () => lowering((e) => change('vjp', 'forward.dU', (eq) => reading('Y_before', 'Y')(e, eq))(e))
  }
]

export const plantedInGru: readonly Planted[] = [
  planted(
    'the candidate is not reset',
    'forward',
    'forward.candidate1',
    moved(1, () => 1)
  ),
  planted('the bias inside the reset is left out', 'forward', 'forward.inner2', firstTerm),
  planted('what is carried is not mixed in', 'forward', 'forward.y3', firstTerm),
  planted('a step of the VJP forgets the product with U', 'vjp', 'forward.dy1', dropLastTerm),
  planted(
    'the update gate passes nothing back',
    'vjp',
    'forward.dy2',
    value((v) => (v._tag === 'add' ? X.add(...v.terms.filter((_, k) => k !== 1)) : X.zero))
  ),
  planted('the reset is left out of the cotangents of U', 'vjp', 'forward.dV3', oneFurther),
  planted('the cotangent of the tokens is reset too', 'vjp', 'forward.dZ', oneFurther),
  planted(
    'the cotangent of u is that of another gate',
    'vjp',
    'forward.du',
    moved(2, () => 1)
  ),
  planted(
    'the cotangent of the tokens is halved',
    'vjp',
    'forward.de',
    value((v) => X.multiply(0.5, v))
  )
]
