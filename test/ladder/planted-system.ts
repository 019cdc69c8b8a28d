/** Faults to plant in the layers that know that tokens are the columns of a system: equilibration, entries, means of columns. */
import * as X from '../../codegen/expr'
import { change, doubled, inside, lowering, oneFurther, type Planted, value } from './planted'

const planted = (name: string, part: 'forward' | 'vjp', ending: string, f: Parameters<typeof change>[2]): Planted => ({
  name,
  where: 'rule',
  compiler: () => lowering(change(part, ending, f))
})

const withoutRoot = value(inside((e) => (e._tag === 'sqrt' ? e.of : e)))
const withoutDivision = value((v) => (v._tag === 'divide' ? v.over : v))
const asZero = value(() => X.zero)
/** Quotients as remainders: a token's row for its column. */
const columnForRow = value(X.mapPositions((p) => (p._tag === 'quotient' ? { ...p, _tag: 'remainder' } : p)))

export const plantedInSystems: readonly Planted[] = [
  planted('rows are divided by the squares of their norms', 'forward', 'equilibrate.N', withoutRoot),
  planted('b is not divided by the norms of rows', 'forward', 'equilibrate.f', withoutDivision),
  planted(
    'the scale of b is a sum and no mean',
    'forward',
    'equilibrate.nu',
    value(inside((e) => (e._tag === 'divide' ? e.over : e)))
  ),
  planted('norms of rows hear nothing', 'vjp', 'equilibrate.dN', asZero),
  planted(
    'the scale of b does not hear of its own division',
    'vjp',
    'equilibrate.along',
    value(inside((e) => (e._tag === 'add' ? X.add(...e.terms.slice(0, -1)) : e)))
  ),
  planted('the b part of a cotangent counts twice', 'vjp', 'equilibrate.df', doubled),
  planted('the undoing tells the scale of b nothing', 'vjp', 'undo.dnu', asZero),
  planted('an entry reads the right-hand side of its column', 'forward', 'entries.Y', columnForRow),
  planted('an entry sees two numbers of A', 'forward', 'entries.Y', oneFurther),
  planted('means are sums', 'forward', 'columnMeans.Y', withoutDivision),
  planted('the cotangents of means are not divided', 'vjp', 'columnMeans.de', withoutDivision),
  planted(
    'the cotangent of b is that of one entry',
    'vjp',
    'entries.de',
    value(inside((e) => (e._tag === 'sum' ? X.zero : e)))
  ),
  planted(
    'a mean leaves out a term',
    'vjp',
    'equilibrate.de',
    value(inside((e) => (e._tag === 'add' ? (e.terms[0] ?? X.zero) : e)))
  )
]
