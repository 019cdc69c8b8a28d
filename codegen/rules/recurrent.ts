/**
 * Recurrent cells over tokens `e[s,i,d]`, forward and backpropagation through time (Werbos 1990), as scans. What every token
 * brings, `Z[i,g,c] = sum_d W[g,c,d] e[i,d] + w[g,c]`, is one product for all tokens before the first step, and so are the
 * cotangents of matrices behind the last one.
 *
 * The logistic function of a gate is `(1 + tanh(x / 2)) / 2`: nothing overflows, and it is off by half of what tanh is.
 */
import * as Dim from '../../spec/dim'
import { add, below, type Expr, minus, multiply, negate, plus, sum, tanh, tensor } from '../expr'
import { type Line, type Rule, set } from '../rule'
import { scan } from '../scan'
import * as axes from './axes'

const { s } = axes
const channels = (count: number) => axes.channels(Dim.constant(count))

export interface RecurrentOptions {
  readonly hidden: number
  readonly tokens: number
  /** Of a token. */
  readonly width: Dim.Dim
  readonly backward: boolean
}

const [e, W, w, U, Z, dY, dZ] = ['e', 'W', 'w', 'U', 'Z', 'dY', 'dZ'].map(tensor) as [T, T, T, T, T, T, T]
type T = ReturnType<typeof tensor>

/** `(1 + tanh(x / 2)) / 2` where the gate is below `gates`, `tanh(x)` above: `a tanh(a x) + 1 - a`. */
const squashed = (g: Parameters<typeof below>[0], gates: number, x: Expr): Expr => {
  const a = below(g, gates, 0.5, 1)
  return add(multiply(a, tanh(multiply(a, x))), below(g, gates, 0.5, 0))
}

const one = (x: Expr): Expr => add(1, negate(x))
/** The slopes of the logistic function and of tanh, by their values. */
const slope = (gate: Expr): Expr => multiply(gate, one(gate))
const slopeOfTanh = (value: Expr): Expr => one(multiply(value, value))

/** What is around the steps: what all tokens need before the first, and give behind the last. */
const around = (o: RecurrentOptions, gates: number, dV: string) => {
  const [g, [i], [c, d]] = [axes.gates(gates), axes.tokens(Dim.constant(o.tokens)), channels(o.hidden)]
  const [, into] = axes.channels(o.width)
  const before: readonly Line[] = [set('Z', [s, i, g, c], add(sum([into], W(g, c, into), e(s, i, into)), w(g, c)))]
  const behind: readonly Line[] = [
    set('dW', [s, g, c, into], sum([i], dZ(s, i, g, c), e(s, i, into))),
    set('dw', [s, g, c], sum([i], dZ(s, i, g, c))),
    set('dU', [s, g, c, d], sum([i], tensor(dV)(s, i, g, c), tensor('Y_before')(s, i, d))),
    set('de', [s, i, into], sum([g, c], W(g, c, into), dZ(s, i, g, c)))
  ]
  return { inputs: ['e'], outputs: ['Y'], tokens: o.tokens, backward: o.backward, before, behind }
}

/**
 * `y = o tanh(m)`, `m = f m' + k g` with the gates k, f, o and the candidate g of `Z + U y'` (Hochreiter and Schmidhuber 1997,
 * Gers et al. 2000). Backwards, with `dy = dY + U^T dinto''`, `dm = dy o (1 - tanh(m)^2) + f'' dm''`, the cotangents of what
 * arrives at the gates are `dk = dm g k (1 - k)`, `df = dm m' f (1 - f)`, `do = dy tanh(m) o (1 - o)`, `dg = dm k (1 - g^2)`.
 * One dash is the step before in time, two the step behind.
 */
export const lstm = (o: RecurrentOptions): Rule => {
  const [g, [c, d]] = [axes.gates(4), channels(o.hidden)]
  const gate = (k: number): Expr => tensor('gate')(s, k, c)
  const [memory, level, yBefore] = ['memory', 'level', 'y_before'].map(tensor) as [T, T, T]
  const [dy, dmemory, dinto] = [tensor('dy')(s, c), tensor('dmemory')(s, c), tensor('dinto_behind')]
  return scan({
    ...around(o, 4, 'dZ'),
    name: 'lstm',
    parameters: ['W', 'w', 'U'],
    forward: {
      taken: { Z: [g, c] },
      carried: { y_before: 'y', memory_before: 'memory' },
      step: [
        set('gate', [s, g, c], squashed(g, 3, add(sum([d], U(g, c, d), yBefore(s, d)), Z(s, g, c)))),
        set('memory', [s, c], add(multiply(gate(1), tensor('memory_before')(s, c)), multiply(gate(0), gate(3)))),
        set('level', [s, c], tanh(memory(s, c))),
        set('y', [s, c], multiply(gate(2), level(s, c)))
      ],
      kept: { Y: 'y' }
    },
    vjp: {
      taken: { dY: [c] },
      carried: { dinto_behind: 'dinto', dmemory_behind: 'dmemory', gate_behind: 'gate' },
      step: [
        set('dy', [s, c], add(dY(s, c), sum([g, d], U(g, d, c), dinto(s, g, d)))),
        set(
          'dmemory',
          [s, c],
          add(
            multiply(dy, gate(2), slopeOfTanh(level(s, c))),
            multiply(tensor('gate_behind')(s, 1, c), tensor('dmemory_behind')(s, c))
          )
        ),
        set(
          'dinto',
          [s, g, c],
          below(
            g,
            1,
            multiply(dmemory, gate(3), slope(gate(0))),
            below(
              g,
              2,
              multiply(dmemory, tensor('memory_before')(s, c), slope(gate(1))),
              below(g, 3, multiply(dy, level(s, c), slope(gate(2))), multiply(dmemory, gate(0), slopeOfTanh(gate(3))))
            )
          )
        )
      ],
      kept: { dZ: 'dinto', Y_before: 'y_before' }
    }
  })
}

/**
 * `y = g + z (y' - g)` with the gates r, z of `Z + V`, `V = U y'`, and the candidate `g = tanh(Z + r q)`, `q = V + u` (Cho et al.
 * 2014, reset behind the matrix). Backwards, with `dy = dY + z'' dy'' + U^T dV''`, `dg = dy (1 - z) (1 - g^2)`, the
 * cotangents of V are `dr = dg q r (1 - r)`, `dz = dy (y' - g) z (1 - z)` and `dq = dg r`; those of Z are dr, dz and dg.
 */
export const gru = (o: RecurrentOptions): Rule => {
  const [g, two, [i], [c, d]] = [axes.gates(3), axes.gates(2), axes.tokens(Dim.constant(o.tokens)), channels(o.hidden)]
  const all = around(o, 3, 'dinto')
  const [V, y, dy, dcandidate] = ['V', 'y_before', 'dy', 'dcandidate'].map(tensor) as [T, T, T, T]
  const gate = (k: number): Expr => tensor('gate')(s, k, c)
  const [inner, candidate] = [tensor('inner')(s, c), tensor('candidate')(s, c)]
  const difference = add(y(s, c), negate(candidate))
  return scan({
    ...all,
    name: 'gru',
    parameters: ['W', 'w', 'U', 'u'],
    forward: {
      taken: { Z: [g, c] },
      carried: { y_before: 'y' },
      step: [
        set('V', [s, g, c], sum([d], U(g, c, d), y(s, d))),
        set('gate', [s, two, c], squashed(two, 2, add(Z(s, two, c), V(s, two, c)))),
        set('inner', [s, c], add(V(s, 2, c), tensor('u')(c))),
        set('candidate', [s, c], tanh(add(Z(s, 2, c), multiply(gate(0), inner)))),
        set('y', [s, c], add(candidate, multiply(gate(1), difference)))
      ],
      kept: { Y: 'y' }
    },
    vjp: {
      taken: { dY: [c] },
      carried: { dV_behind: 'dV', dy_behind: 'dy', gate_behind: 'gate' },
      step: [
        set(
          'dy',
          [s, c],
          add(
            dY(s, c),
            multiply(tensor('gate_behind')(s, 1, c), tensor('dy_behind')(s, c)),
            sum([g, d], U(g, d, c), tensor('dV_behind')(s, g, d))
          )
        ),
        set('dcandidate', [s, c], multiply(dy(s, c), one(gate(1)), slopeOfTanh(candidate))),
        set(
          'dV',
          [s, g, c],
          below(
            g,
            1,
            multiply(dcandidate(s, c), inner, slope(gate(0))),
            below(g, 2, multiply(dy(s, c), difference, slope(gate(1))), multiply(dcandidate(s, c), gate(0)))
          )
        )
      ],
      kept: { dinto: 'dV', dG: 'dcandidate', Y_before: 'y_before' }
    },
    behind: [
      set('dZ', [s, i, g, c], below(g, 2, tensor('dinto')(s, i, g, c), tensor('dG')(s, i, c))),
      set('du', [s, c], sum([i], tensor('dinto')(s, i, 2, c))),
      ...all.behind
    ]
  })
}

/** `Y[i] = (P[i], Q[i])`: what both directions leave, one behind the other. */
export const beside = (o: { readonly hidden: number; readonly tokens: number }): Rule => {
  const [[i], [c], [d]] = [axes.tokens(Dim.constant(o.tokens)), channels(2 * o.hidden), channels(o.hidden)]
  return {
    name: 'both ways',
    inputs: ['P', 'Q'],
    parameters: [],
    outputs: ['Y'],
    forward: [set('Y', [s, i, c], below(c, o.hidden, tensor('P')(s, i, c), tensor('Q')(s, i, minus(c, o.hidden))))],
    vjp: [set('dP', [s, i, d], dY(s, i, d)), set('dQ', [s, i, d], dY(s, i, plus(d, o.hidden)))]
  }
}
