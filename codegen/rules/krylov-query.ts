/**
 * The query's row of linear attention in coordinates of a block Krylov space (see `krylov-scores`): what it attends to
 * with, `K sigma`, and what it takes home, `V_m^T K sigma` and `<v, K sigma>`.
 */
import { size } from '../../spec/krylov'
import { multiply, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'
import { degree, some, upTo } from './krylov-coordinates'
import { type AttentionOptions, columnsOf, lettersOf } from './krylov-scores'

const { s } = axes
const q = (n: number) => degree('q', n)
const r = (n: number) => degree('r', n)
const t = (n: number) => degree('t', n)

/** `sigma = sum_m [p] xi_U + C G xi_U + eta_U beta`. */
export const attend = (o: AttentionOptions): Rule => {
  const { h, m, f, g, e } = lettersOf(o)
  const [beta, Z, times, xiU, etaU, dsigma] = ['beta', 'Z', 'times', 'xiU', 'etaU', 'dsigma'].map(tensor) as [
    T,
    T,
    T,
    T,
    T,
    T
  ]
  const { X, degrees } = o
  const columns = columnsOf(o)
  const [R, B, ZU, N] = [size(X.rows), size(X.beta), size(degrees.U.xi), size(degrees.S.xi)]
  const [hasXi, hasC] = [ZU > 0, R > 0 && ZU > 0]
  const raised = X.poly + ZU
  const [timesQ, timesR] = [q(X.poly + columns.times), r(columns.times)]
  return {
    name: 'krylov query scores',
    inputs: [...(hasXi ? ['times', 'xiU'] : []), ...(hasC ? ['Z'] : []), 'etaU', 'beta'],
    parameters: [],
    outputs: ['sigma'],
    forward: [
      set(
        'sigma',
        [s, h, q(N), f],
        some(
          ...terms(hasXi, upTo(q(N), raised, sum([m, t(ZU)], times(m, q(N), t(ZU)), xiU(s, h, m, t(ZU), f)))),
          ...terms(hasC, upTo(q(N), R, sum([m, t(ZU), e], Z(s, m, q(N), f, t(ZU), e), xiU(s, h, m, t(ZU), e)))),
          upTo(q(N), B, multiply(etaU(s, h), beta(s, q(N), f)))
        )
      )
    ],
    vjp: [
      ...when(
        hasXi,
        set(
          'dtimes',
          [s, m, timesQ, timesR],
          upTo(timesQ, raised, upTo(timesR, ZU, sum([h, f], dsigma(s, h, timesQ, f), xiU(s, h, m, timesR, f))))
        ),
        set(
          'dxiU',
          [s, h, m, q(ZU), f],
          some(
            sum([t(raised)], times(m, t(raised), q(ZU)), dsigma(s, h, t(raised), f)),
            ...terms(hasC, sum([t(R), e], Z(s, m, t(R), e, q(ZU), f), dsigma(s, h, t(R), e)))
          )
        )
      ),
      ...when(
        hasC,
        set(
          'dZ',
          [s, m, q(R), f, r(columns.Z), g],
          upTo(r(columns.Z), ZU, sum([h], dsigma(s, h, q(R), f), xiU(s, h, m, r(columns.Z), g)))
        )
      ),
      set('detaU', [s, h], sum([q(B), f], dsigma(s, h, q(B), f), beta(s, q(B), f))),
      set('dbeta', [s, q(B), f], sum([h], etaU(s, h), dsigma(s, h, q(B), f)))
    ]
  }
}

/** `tau = G sigma`. */
export const gramVector = (o: AttentionOptions): Rule => {
  const { h, f, g } = lettersOf(o)
  const [G, sigma, dtau] = [tensor('G'), tensor('sigma'), tensor('dtau')]
  const [W, N] = [columnsOf(o).W, size(o.degrees.S.xi)]
  const [Gq, Gr] = [q(o.gram), r(o.gram)]
  return {
    name: 'krylov query Gram product',
    inputs: ['G', 'sigma'],
    parameters: [],
    outputs: ['tau'],
    forward: [set('tau', [s, h, q(W), f], sum([r(N), g], G(s, q(W), f, r(N), g), sigma(s, h, r(N), g)))],
    vjp: [
      set('dsigma', [s, h, r(N), g], sum([q(W), f], G(s, q(W), f, r(N), g), dtau(s, h, q(W), f))),
      set('dG', [s, Gq, f, Gr, g], upTo(Gq, W, upTo(Gr, N, sum([h], dtau(s, h, Gq, f), sigma(s, h, Gr, g)))))
    ]
  }
}

/** `xi_m <- [p_V] sigma + C_V^T tau`, `eta <- <beta_V, tau>`. */
export const collect = (o: AttentionOptions): Rule => {
  const { h, m, f, g, e } = lettersOf(o)
  const [CV, betaV, timesV, sigma, tau] = ['CV', 'betaV', 'timesV', 'sigma', 'tau'].map(tensor) as [T, T, T, T, T]
  const [dxi, deta] = [tensor('dxiY'), tensor('detaY')]
  const { V, S, after } = o.degrees
  const columns = columnsOf(o)
  const [RV, LV, BV, N, Z] = [size(V.rows), size(V.columns), size(V.beta), size(S.xi), size(after.xi)]
  const hasV = RV > 0
  const raised = V.poly + N
  const [timesVq, timesVr] = [q(V.poly + columns.timesV), r(columns.timesV)]
  return {
    name: 'krylov query',
    inputs: [...(hasV ? ['CV'] : []), 'betaV', 'timesV', 'sigma', 'tau'],
    parameters: [],
    outputs: ['xiY', 'etaY'],
    forward: [
      set(
        'xiY',
        [s, m, q(Z), f],
        some(
          upTo(q(Z), raised, sum([h, t(N)], timesV(h, m, q(Z), t(N)), sigma(s, h, t(N), f))),
          ...terms(hasV, upTo(q(Z), LV, sum([h, t(RV), e], CV(s, h, m, t(RV), e, q(Z), f), tau(s, h, t(RV), e))))
        )
      ),
      set('etaY', [s], sum([h, q(BV), f], betaV(s, h, q(BV), f), tau(s, h, q(BV), f)))
    ],
    vjp: [
      set(
        'dtimesV',
        [s, h, m, timesVq, timesVr],
        upTo(timesVq, raised, upTo(timesVr, N, sum([f], dxi(s, m, timesVq, f), sigma(s, h, timesVr, f))))
      ),
      set('dsigma', [s, h, q(N), f], sum([m, t(raised)], timesV(h, m, t(raised), q(N)), dxi(s, m, t(raised), f))),
      ...when(hasV, set('dCV', [s, h, m, q(RV), f, r(LV), g], multiply(tau(s, h, q(RV), f), dxi(s, m, r(LV), g)))),
      set(
        'dtau',
        [s, h, q(columns.W), f],
        some(
          ...terms(
            hasV,
            upTo(q(columns.W), RV, sum([m, r(LV), g], CV(s, h, m, q(columns.W), f, r(LV), g), dxi(s, m, r(LV), g)))
          ),
          upTo(q(columns.W), BV, multiply(deta(s), betaV(s, h, q(columns.W), f)))
        )
      ),
      set('dbetaV', [s, h, q(BV), f], multiply(deta(s), tau(s, h, q(BV), f)))
    ]
  }
}

type T = ReturnType<typeof tensor>
