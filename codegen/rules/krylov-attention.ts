/**
 * What linear attention makes of its equations in coordinates of a block Krylov space, given the scores `S = p_S(A) + K C_S K^T`
 * (see `krylov-scores`): the tokens become `S V` and `S v`. `W = C_S G`, `G = K^T K`.
 */
import { size } from '../../spec/krylov'
import { add, multiply, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'
import { degree, upTo } from './krylov-coordinates'
import { type AttentionOptions, columnsOf, lettersOf } from './krylov-scores'

const { s } = axes
const q = (n: number) => degree('q', n)
const r = (n: number) => degree('r', n)
const t = (n: number) => degree('t', n)

/** `p_m <- p_S p_V`, `C_m <- [p_S] C_V + C_S [p_V]^T + C_S G C_V`, `beta <- [p_S] beta_V + C_S G beta_V`. */
export const mix = (o: AttentionOptions): Rule => {
  const { h, m, f, g, e } = lettersOf(o)
  const [CS, W, timesS, polyV, CV, betaV, timesV] = ['CS', 'W', 'timesS', 'polyV', 'CV', 'betaV', 'timesV'].map(
    tensor
  ) as [T, T, T, T, T, T, T]
  const [dpoly, dC, dbeta] = [tensor('dpolyY'), tensor('dCY'), tensor('dbetaY')]
  const { V, S, after } = o.degrees
  const columns = columnsOf(o)
  const D = V.poly + 1
  const [RV, LV, BV] = [size(V.rows), size(V.columns), size(V.beta)]
  const [RS, LS] = [size(S.rows), size(S.columns)]
  const [P, R, L, B] = [after.poly + 1, size(after.rows), size(after.columns), size(after.beta)]
  const hasV = RV > 0
  const [raisedC, raisedS, raisedB] = [S.poly + RV, V.poly + LS, S.poly + BV]
  const [timesSq, timesSr] = [q(S.poly + columns.timesS), r(columns.timesS)]
  const [timesVq, timesVr] = [q(V.poly + columns.timesV), r(columns.timesV)]
  return {
    name: 'krylov attention',
    inputs: ['CS', 'W', 'timesS', 'polyV', ...(hasV ? ['CV'] : []), 'betaV', 'timesV'],
    parameters: [],
    outputs: ['polyY', 'CY', 'betaY'],
    forward: [
      set('polyY', [m, q(P)], sum([h, r(D)], timesS(h, q(P), r(D)), polyV(h, m, r(D)))),
      set(
        'CY',
        [s, m, q(R), f, r(L), g],
        add(
          ...terms(
            hasV,
            upTo(q(R), raisedC, upTo(r(L), LV, sum([h, t(RV)], timesS(h, q(R), t(RV)), CV(s, h, m, t(RV), f, r(L), g))))
          ),
          upTo(q(R), RS, upTo(r(L), raisedS, sum([h, t(LS)], CS(s, h, q(R), f, t(LS), g), timesV(h, m, r(L), t(LS))))),
          ...terms(
            hasV,
            upTo(
              q(R),
              RS,
              upTo(r(L), LV, sum([h, t(RV), e], W(s, h, q(R), f, t(RV), e), CV(s, h, m, t(RV), e, r(L), g)))
            )
          )
        )
      ),
      set(
        'betaY',
        [s, q(B), f],
        add(
          upTo(q(B), raisedB, sum([h, t(BV)], timesS(h, q(B), t(BV)), betaV(s, h, t(BV), f))),
          upTo(q(B), RS, sum([h, t(BV), e], W(s, h, q(B), f, t(BV), e), betaV(s, h, t(BV), e)))
        )
      )
    ],
    vjp: [
      set(
        'dtimesS',
        [s, h, timesSq, timesSr],
        add(
          upTo(timesSq, P, upTo(timesSr, D, sum([m], dpoly(s, m, timesSq), polyV(h, m, timesSr)))),
          ...terms(
            hasV,
            upTo(
              timesSq,
              raisedC,
              upTo(
                timesSr,
                RV,
                sum([m, f, t(LV), g], dC(s, m, timesSq, f, t(LV), g), CV(s, h, m, timesSr, f, t(LV), g))
              )
            )
          ),
          upTo(timesSq, raisedB, upTo(timesSr, BV, sum([f], dbeta(s, timesSq, f), betaV(s, h, timesSr, f))))
        )
      ),
      set('dpolyV', [s, h, m, r(D)], sum([q(P)], timesS(h, q(P), r(D)), dpoly(s, m, q(P)))),
      ...when(
        hasV,
        set(
          'dCV',
          [s, h, m, q(RV), f, r(LV), g],
          add(
            sum([t(raisedC)], timesS(h, t(raisedC), q(RV)), dC(s, m, t(raisedC), f, r(LV), g)),
            sum([t(RS), e], W(s, h, t(RS), e, q(RV), f), dC(s, m, t(RS), e, r(LV), g))
          )
        )
      ),
      set(
        'dCS',
        [s, h, q(RS), f, r(LS), g],
        sum([m, t(raisedS)], dC(s, m, q(RS), f, t(raisedS), g), timesV(h, m, t(raisedS), r(LS)))
      ),
      set(
        'dtimesV',
        [s, h, m, timesVq, timesVr],
        upTo(
          timesVq,
          raisedS,
          upTo(timesVr, LS, sum([t(RS), e, g], dC(s, m, t(RS), e, timesVq, g), CS(s, h, t(RS), e, timesVr, g)))
        )
      ),
      set(
        'dW',
        [s, h, q(RS), f, r(columns.W), g],
        add(
          ...terms(
            hasV,
            upTo(
              r(columns.W),
              RV,
              sum([m, t(LV), e], dC(s, m, q(RS), f, t(LV), e), CV(s, h, m, r(columns.W), g, t(LV), e))
            )
          ),
          upTo(r(columns.W), BV, multiply(dbeta(s, q(RS), f), betaV(s, h, r(columns.W), g)))
        )
      ),
      set(
        'dbetaV',
        [s, h, q(BV), f],
        add(
          sum([t(raisedB)], timesS(h, t(raisedB), q(BV)), dbeta(s, t(raisedB), f)),
          sum([t(RS), e], W(s, h, t(RS), e, q(BV), f), dbeta(s, t(RS), e))
        )
      )
    ]
  }
}

type T = ReturnType<typeof tensor>
