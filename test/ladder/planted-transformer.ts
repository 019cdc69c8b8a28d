/** Faults to plant in the layers of Transformers, and in the functions that they are printed with. */
import * as X from '../../codegen/expr'
import {
  change,
  doubled,
  inside,
  lowering,
  once,
  oneFurther,
  type Planted,
  printing,
  printing64,
  value
} from './planted'

/** Leave out the last term of every sum of terms. */
const withoutLastTerms = value(inside((e) => (e._tag === 'add' ? X.add(...e.terms.slice(0, -1)) : e)))

const withoutDivision = value((v) => (v._tag === 'divide' ? v.over : v))
const withoutNumbers = value((v) =>
  v._tag === 'multiply' ? X.multiply(...v.factors.filter((f) => f._tag !== 'number')) : v
)

export const plantedInTransformers: readonly Planted[] = [
  {
    name: 'softmax sees one token too many',
    where: 'rule',
    compiler: () => lowering(change('forward', 'attention.E', oneFurther))
  },
  {
    name: 'softmax is not divided by its total',
    where: 'rule',
    compiler: () => lowering(change('forward', 'attention.P', withoutDivision))
  },
  {
    name: 'scores are not scaled',
    where: 'rule',
    compiler: () => lowering(change('forward', 'attention.S', withoutNumbers))
  },
  {
    name: "softmax's VJP forgets the average",
    where: 'rule',
    compiler: () => lowering(change('vjp', 'attention.dS', withoutLastTerms))
  },
  {
    name: 'the cotangent of keys is doubled',
    where: 'rule',
    compiler: () => lowering(change('vjp', 'attention.dK', doubled))
  },
  {
    name: "layer norm's VJP forgets what lies along the token",
    where: 'rule',
    compiler: () => lowering(change('vjp', 'norm.de', withoutLastTerms))
  },
  {
    name: 'layer norm forgets its epsilon',
    where: 'rule',
    compiler: () => lowering(change('forward', 'norm.r', withoutLastTerms))
  },
  {
    name: "GELU's VJP is that of a product with a constant",
    where: 'rule',
    compiler: () => lowering(change('vjp', 'gelu.de', withoutLastTerms))
  },
  {
    name: 'the cotangent of a bias is doubled',
    where: 'rule',
    compiler: () => lowering(change('vjp', 'linear.dbias', doubled))
  },
  {
    name: 'exp forgets a halving',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/if \(m >= 1\) \{.*\}/, ''))
  },
  {
    name: 'tanh loses digits',
    where: 'printer',
    compiler: () => printing((s) => s.replace('0.1338102897', '0.1338'))
  },
  {
    name: 'the float64 text of exp is another function',
    where: 'printer',
    compiler: () => printing64(once(/Math\.exp/, 'Math.expm1'))
  }
]
