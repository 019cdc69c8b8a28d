/**
 * Block weights on tokens by their coordinates in a block Krylov space (see `krylov-coordinates`).
 */
import * as Dim from '../../spec/dim'
import { type Degrees, rowSums, size } from '../../spec/krylov'
import type { MuScale } from '../../spec/weight'
import { add, divide, type Expr, equal, extent, multiply, sqrt, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'
import { type CoordinateOptions, degree, generator, some, upTo } from './krylov-coordinates'

const { s } = axes

type T = ReturnType<typeof tensor>

/**
 * `p_m <- sum_n mu1_mn p_n`, `C_m <- sum_n mu1_mn C_n + (sum_n mu2_mn rho_n + column_m beta) e^T`, `rho_n` the coordinates of
 * the row sums `X_n 1` and e those of 1; `beta <- sum_n row_n rho_n + entry beta`; and on the query, with `total_n` the sum
 * of its part n, `xi_m <- sum_n mu1_mn xi_n + (sum_n mu2_mn total_n + column_m eta) e`.
 */
export const linearOf = (
  o: CoordinateOptions & {
    readonly heads: number | null
    readonly allOnes: boolean
    readonly muScale: MuScale
    readonly before: Degrees
    readonly after: Degrees
  }
): Rule => {
  const [mu1, mu2, column, row, entry] = ['mu1', 'mu2', 'column', 'row', 'entry'].map(tensor) as [T, T, T, T, T]
  const [poly, C, beta, xi, eta, G] = ['poly', 'C', 'beta', 'xi', 'eta', 'G'].map(tensor) as [T, T, T, T, T, T]
  const [rho, total, ones, drho, dtotal, dones] = ['rho', 'total', 'ones', 'drho', 'dtotal', 'dones'].map(tensor) as [
    T,
    T,
    T,
    T,
    T,
    T
  ]
  const [dpoly, dC, dbeta, dxi, deta] = ['dpolyY', 'dCY', 'dbetaY', 'dxiY', 'detaY'].map(tensor) as [T, T, T, T, T]
  const { before, after, allOnes } = o
  const h = axes.heads(o.heads ?? 1)
  const [hs, of] = o.heads === null ? [[], 0] : [[h], h]
  const [m, p] = axes.blocks(o.blocks)
  const [f, g, e] = [generator('f', o.generators), generator('g', o.generators), generator('e', o.generators)]
  const [R, L, B, Z] = [before.rows, before.columns, before.beta, before.xi].map(size) as [
    number,
    number,
    number,
    number
  ]
  const [R2, L2, B2, Z2] = [after.rows, after.columns, after.beta, after.xi].map(size) as [
    number,
    number,
    number,
    number
  ]
  const D = before.poly + 1
  const sums = size(rowSums(before))
  const [q, r] = [(n: number) => degree('q', n), (n: number) => degree('r', n)]
  const overN = (x: Expr) => (o.muScale === 'n' ? divide(x, extent(Dim.n)) : x)
  const overRootN = (x: Expr) => (o.muScale === 'n' ? divide(x, sqrt(extent(Dim.n))) : x)
  const [hasC, hasXi, query] = [R > 0, Z > 0, o.query]
  /** The width of what multiplies `e^T`. */
  const wide = Math.max(sums, B)
  const gotXi = query && Z2 > 0
  const hasTotal = allOnes && query && hasXi
  return {
    name: 'krylov linear map',
    inputs: [
      'poly',
      ...(hasC ? ['C'] : []),
      'beta',
      ...(query ? [...(hasXi ? ['xi'] : []), 'eta'] : []),
      ...(allOnes ? ['G'] : [])
    ],
    parameters: allOnes ? ['mu1', 'mu2', 'column', 'row', 'entry'] : ['mu1', 'entry'],
    outputs: ['polyY', ...(R2 > 0 ? ['CY'] : []), 'betaY', ...(gotXi ? ['xiY'] : []), ...(query ? ['etaY'] : [])],
    forward: [
      set('polyY', [...hs, m, q(D)], sum([p], mu1(of, m, p), poly(p, q(D)))),
      ...when(
        allOnes,
        set(
          'rho',
          [s, p, q(sums), f],
          add(
            upTo(q(sums), D, equal(f, 1, poly(p, q(sums)))),
            upTo(q(sums), R, sum([r(L), g], C(s, p, q(sums), f, r(L), g), G(s, r(L), g, 0, 1)))
          )
        ),
        set(
          'ones',
          [s, ...hs, m, q(wide), f],
          add(
            upTo(q(wide), sums, overN(sum([p], mu2(of, m, p), rho(s, p, q(wide), f)))),
            upTo(q(wide), B, overRootN(multiply(column(of, m), beta(s, q(wide), f))))
          )
        )
      ),
      ...when(
        R2 > 0,
        set(
          'CY',
          [s, ...hs, m, q(R2), f, r(L2), g],
          some(
            ...terms(hasC, upTo(q(R2), R, upTo(r(L2), L, sum([p], mu1(of, m, p), C(s, p, q(R2), f, r(L2), g))))),
            ...terms(allOnes, upTo(q(R2), wide, equal(r(L2), 0, equal(g, 1, ones(s, ...hs, m, q(R2), f)))))
          )
        )
      ),
      set(
        'betaY',
        [s, ...hs, q(B2), f],
        add(
          upTo(q(B2), B, multiply(entry(of), beta(s, q(B2), f))),
          ...terms(allOnes, upTo(q(B2), sums, overRootN(sum([p], row(of, p), rho(s, p, q(B2), f)))))
        )
      ),
      ...when(hasTotal, set('total', [s, p], sum([q(Z), f], xi(s, p, q(Z), f), G(s, q(Z), f, 0, 1)))),
      ...when(
        gotXi,
        set(
          'xiY',
          [s, ...hs, m, q(Z2), f],
          some(
            ...terms(hasXi, upTo(q(Z2), Z, sum([p], mu1(of, m, p), xi(s, p, q(Z2), f)))),
            ...terms(
              allOnes,
              equal(
                q(Z2),
                0,
                equal(
                  f,
                  1,
                  add(
                    ...terms(hasTotal, overN(sum([p], mu2(of, m, p), total(s, p)))),
                    overRootN(multiply(column(of, m), eta(s)))
                  )
                )
              )
            )
          )
        )
      ),
      ...when(
        query,
        set(
          'etaY',
          [s, ...hs],
          add(multiply(entry(of), eta(s)), ...terms(hasTotal, overRootN(sum([p], row(of, p), total(s, p)))))
        )
      )
    ],
    vjp: [
      set(
        'dmu1',
        [s, h, m, p],
        add(
          sum([q(D)], dpoly(s, ...hs, m, q(D)), poly(p, q(D))),
          ...terms(hasC, sum([q(R), f, r(L), g], dC(s, ...hs, m, q(R), f, r(L), g), C(s, p, q(R), f, r(L), g))),
          ...terms(hasXi && query, sum([q(Z), f], dxi(s, ...hs, m, q(Z), f), xi(s, p, q(Z), f)))
        )
      ),
      set(
        'dentry',
        [s, h],
        add(
          sum([q(B), f], dbeta(s, ...hs, q(B), f), beta(s, q(B), f)),
          ...terms(query, multiply(deta(s, ...hs), eta(s)))
        )
      ),
      ...when(
        allOnes,
        set('dones', [s, ...hs, m, q(wide), f], dC(s, ...hs, m, q(wide), f, 0, 1)),
        set(
          'dmu2',
          [s, h, m, p],
          overN(
            add(
              sum([q(sums), f], dones(s, ...hs, m, q(sums), f), rho(s, p, q(sums), f)),
              ...terms(hasTotal, multiply(dxi(s, ...hs, m, 0, 1), total(s, p)))
            )
          )
        ),
        set(
          'dcolumn',
          [s, h, m],
          overRootN(
            add(
              sum([q(B), f], dones(s, ...hs, m, q(B), f), beta(s, q(B), f)),
              ...terms(gotXi, multiply(dxi(s, ...hs, m, 0, 1), eta(s)))
            )
          )
        ),
        set(
          'drow',
          [s, h, p],
          overRootN(
            add(
              sum([q(sums), f], dbeta(s, ...hs, q(sums), f), rho(s, p, q(sums), f)),
              ...terms(hasTotal, multiply(deta(s, ...hs), total(s, p)))
            )
          )
        ),
        set(
          'drho',
          [s, p, q(sums), f],
          add(
            overN(sum([...hs, m], mu2(of, m, p), dones(s, ...hs, m, q(sums), f))),
            overRootN(sum([...hs], row(of, p), dbeta(s, ...hs, q(sums), f)))
          )
        )
      ),
      ...when(
        hasTotal,
        set(
          'dtotal',
          [s, p],
          add(
            ...terms(gotXi, overN(sum([...hs, m], mu2(of, m, p), dxi(s, ...hs, m, 0, 1)))),
            overRootN(sum([...hs], row(of, p), deta(s, ...hs)))
          )
        )
      ),
      set(
        'dpoly',
        [s, p, q(D)],
        add(sum([...hs, m], mu1(of, m, p), dpoly(s, ...hs, m, q(D))), ...terms(allOnes, drho(s, p, q(D), 1)))
      ),
      ...when(
        hasC,
        set(
          'dC',
          [s, p, q(R), f, r(L), g],
          add(
            sum([...hs, m], mu1(of, m, p), dC(s, ...hs, m, q(R), f, r(L), g)),
            ...terms(allOnes, multiply(drho(s, p, q(R), f), G(s, r(L), g, 0, 1)))
          )
        )
      ),
      set(
        'dbeta',
        [s, q(B), f],
        add(
          sum([...hs], entry(of), dbeta(s, ...hs, q(B), f)),
          ...terms(allOnes, overRootN(sum([...hs, m], column(of, m), dones(s, ...hs, m, q(B), f))))
        )
      ),
      ...when(
        query && hasXi,
        set(
          'dxi',
          [s, p, q(Z), f],
          add(
            sum([...hs, m], mu1(of, m, p), dxi(s, ...hs, m, q(Z), f)),
            ...terms(hasTotal, multiply(dtotal(s, p), G(s, q(Z), f, 0, 1)))
          )
        )
      ),
      ...when(
        query,
        set(
          'deta',
          [s],
          add(
            sum([...hs], entry(of), deta(s, ...hs)),
            ...terms(allOnes && gotXi, overRootN(sum([...hs, m], column(of, m), dxi(s, ...hs, m, 0, 1))))
          )
        )
      ),
      ...when(
        (allOnes && hasC) || hasTotal,
        set(
          'dG',
          [s, q(o.gram), f, r(o.gram), g],
          equal(
            r(o.gram),
            0,
            equal(
              g,
              1,
              some(
                ...terms(
                  hasC,
                  upTo(
                    q(o.gram),
                    L,
                    sum([p, degree('t', R), e], drho(s, p, degree('t', R), e), C(s, p, degree('t', R), e, q(o.gram), f))
                  )
                ),
                ...terms(hasTotal, upTo(q(o.gram), Z, sum([p], dtotal(s, p), xi(s, p, q(o.gram), f))))
              )
            )
          )
        )
      )
    ]
  }
}
