/**
 * The scores of linear attention in coordinates of a block Krylov space (see `krylov-coordinates`): `S = sum_m U_m X_m^T + u b^T`
 * is `p_S(A) + K C_S K^T`. Multiplication by a part's polynomial is the matrix `times`; `Z = C G`, `G = K^T K`.
 */
import { type AttentionDegrees, type Degrees, size } from '../../spec/krylov'
import { add, multiply, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'
import { type CoordinateOptions, degree, generator, upTo } from './krylov-coordinates'

export interface AttentionOptions extends CoordinateOptions {
  readonly heads: number
  readonly X: Degrees
  readonly degrees: AttentionDegrees
}

/** The coordinates that each multiplication matrix is applied to. */
export const columnsOf = (o: AttentionOptions) => {
  const { X, degrees } = o
  const { U, V, S } = degrees
  return {
    times: Math.max(size(U.columns), size(U.xi), 1),
    timesU: Math.max(X.poly + 1, size(X.columns)),
    timesV: Math.max(size(S.columns), size(S.xi)),
    timesS: Math.max(V.poly + 1, size(V.rows), size(V.beta)),
    /** Of `Z = C G`, `W = C_S G` and of `tau`. */
    Z: Math.max(size(U.columns), size(U.xi)),
    W: Math.max(size(V.rows), size(V.beta))
  }
}

const { s } = axes
const q = (n: number) => degree('q', n)
const r = (n: number) => degree('r', n)
const t = (n: number) => degree('t', n)

/** The indices of heads, blocks and generators. */
export const lettersOf = (o: AttentionOptions) => {
  const [m] = axes.blocks(o.blocks)
  const [f, g, e] = [generator('f', o.generators), generator('g', o.generators), generator('e', o.generators)]
  return { h: axes.heads(o.heads), m, f, g, e }
}

/** `p_S = sum_m p_U p`, `C_S = sum_m [p_U] C^T + C_U [p]^T + C_U G C^T + beta_U beta^T`, `[p]` for multiplication by p. */
export const scores = (o: AttentionOptions): Rule => {
  const { h, m, f, g, e } = lettersOf(o)
  const [poly, C, beta, Z, times] = [tensor('poly'), tensor('C'), tensor('beta'), tensor('Z'), tensor('times')]
  const [CU, betaU, timesU] = [tensor('CU'), tensor('betaU'), tensor('timesU')]
  const [dpolyS, dCS] = [tensor('dpolyS'), tensor('dCS')]
  const { X, degrees } = o
  const { U, S } = degrees
  const columns = columnsOf(o)
  const D = X.poly + 1
  const [R, L, B] = [size(X.rows), size(X.columns), size(X.beta)]
  const [RU, LU, BU] = [size(U.rows), size(U.columns), size(U.beta)]
  const [RS, LS, PS] = [size(S.rows), size(S.columns), S.poly + 1]
  const [hasC, hasU] = [R > 0, RU > 0]
  const [raisedC, raisedU] = [U.poly + L, X.poly + LU] // what [p_U] C^T and C_U [p]^T reach
  return {
    name: 'krylov scores',
    inputs: [
      'poly',
      'timesU',
      ...(hasC ? ['C'] : []),
      ...(hasU ? ['CU', 'times'] : []),
      ...(hasC && hasU ? ['Z'] : []),
      'betaU',
      'beta'
    ],
    parameters: [],
    outputs: ['polyS', 'CS'],
    forward: [
      set('polyS', [h, q(PS)], sum([m, r(D)], timesU(h, m, q(PS), r(D)), poly(m, r(D)))),
      set(
        'CS',
        [s, h, q(RS), f, r(LS), g],
        add(
          ...terms(
            hasC,
            upTo(q(RS), raisedC, upTo(r(LS), R, sum([m, t(L)], timesU(h, m, q(RS), t(L)), C(s, m, r(LS), g, t(L), f))))
          ),
          ...terms(
            hasU,
            upTo(
              q(RS),
              RU,
              upTo(r(LS), raisedU, sum([m, t(LU)], CU(s, h, m, q(RS), f, t(LU), g), times(m, r(LS), t(LU))))
            )
          ),
          ...terms(
            hasC && hasU,
            upTo(
              q(RS),
              RU,
              upTo(r(LS), R, sum([m, t(LU), e], CU(s, h, m, q(RS), f, t(LU), e), Z(s, m, r(LS), g, t(LU), e)))
            )
          ),
          upTo(q(RS), BU, upTo(r(LS), B, multiply(betaU(s, h, q(RS), f), beta(s, r(LS), g))))
        )
      )
    ],
    vjp: [
      set(
        'dtimesU',
        [s, h, m, q(D + columns.timesU - 1), r(columns.timesU)],
        add(
          upTo(
            q(D + columns.timesU - 1),
            PS,
            upTo(r(columns.timesU), D, multiply(dpolyS(s, h, q(D + columns.timesU - 1)), poly(m, r(columns.timesU))))
          ),
          ...terms(
            hasC,
            upTo(
              q(D + columns.timesU - 1),
              raisedC,
              upTo(
                r(columns.timesU),
                L,
                sum(
                  [f, t(R), g],
                  dCS(s, h, q(D + columns.timesU - 1), f, t(R), g),
                  C(s, m, t(R), g, r(columns.timesU), f)
                )
              )
            )
          )
        )
      ),
      set('dpoly', [s, m, r(D)], sum([h, q(PS)], timesU(h, m, q(PS), r(D)), dpolyS(s, h, q(PS)))),
      ...when(
        hasC,
        set(
          'dC',
          [s, m, q(R), f, r(L), g],
          sum([h, t(raisedC)], timesU(h, m, t(raisedC), r(L)), dCS(s, h, t(raisedC), g, q(R), f))
        )
      ),
      ...when(
        hasU,
        set(
          'dCU',
          [s, h, m, q(RU), f, r(LU), g],
          add(
            sum([t(raisedU)], dCS(s, h, q(RU), f, t(raisedU), g), times(m, t(raisedU), r(LU))),
            ...terms(hasC, sum([t(R), e], dCS(s, h, q(RU), f, t(R), e), Z(s, m, t(R), e, r(LU), g)))
          )
        ),
        set(
          'dtimes',
          [s, m, q(D + columns.times - 1), r(columns.times)],
          upTo(
            q(D + columns.times - 1),
            raisedU,
            upTo(
              r(columns.times),
              LU,
              sum(
                [h, t(RU), e, g],
                dCS(s, h, t(RU), e, q(D + columns.times - 1), g),
                CU(s, h, m, t(RU), e, r(columns.times), g)
              )
            )
          )
        )
      ),
      ...when(
        hasC && hasU,
        set(
          'dZ',
          [s, m, q(R), f, r(columns.Z), g],
          upTo(
            r(columns.Z),
            LU,
            sum([h, t(RU), e], dCS(s, h, t(RU), e, q(R), f), CU(s, h, m, t(RU), e, r(columns.Z), g))
          )
        )
      ),
      set('dbetaU', [s, h, q(BU), f], sum([r(B), g], dCS(s, h, q(BU), f, r(B), g), beta(s, r(B), g))),
      set('dbeta', [s, r(B), g], sum([h, q(BU), f], dCS(s, h, q(BU), f, r(B), g), betaU(s, h, q(BU), f)))
    ]
  }
}
