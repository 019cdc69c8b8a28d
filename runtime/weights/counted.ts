/**
 * What a network costs by its equations, counted one by one. The compiler is read for it: where a polynomial alone is in
 * question, `cost.ts` counts without.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { equations } from '../../codegen/compile'
import { type Counted, countEquations } from '../../codegen/count'
import type { Equations } from '../../codegen/equation'
import type { Typed } from '../../spec/infer'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import { type Cost, cheapest, costsOfPolynomial, ofMatrices, type Way, type Work } from './cost'
import type { Specialised } from './specialised'

// --- counting --------------------------------------------------------------------------------------------------------

const lowered = new WeakMap<Model, Equations>()

const equationsOf = (typed: Typed): Equations => {
  const known = lowered.get(typed.model)
  if (known !== undefined) return known
  const made = equations({ _tag: 'forwardMany' }, typed)
  if (E.isLeft(made)) throw new Error(`internal: ${made.left}`)
  lowered.set(typed.model, made.right)
  return made.right
}

/** A model's work as its equations have it, counted one by one. */
export const counted = (typed: Typed, { n, batch, rhs }: Work): Counted =>
  countEquations({ n, batch, rhs })(equationsOf(typed))

const ofCount = (way: Way, { products, matrixProducts, flops }: Counted, { n, batch, rhs }: Work): Cost => ({
  way,
  stride: 1,
  products,
  matrixProducts,
  flops,
  price: flops + matrixProducts * batch * rhs * ofMatrices(n)
})

// --- every way -------------------------------------------------------------------------------------------------------

/** Every way to run a network, the cheapest first: its tokens if given, its cheap form if it has one. */
export const costsOf = (literal: Typed | null, special: Specialised | null, work: Work): readonly Cost[] => {
  const tokens = literal === null ? [] : [ofCount('literal', counted(literal, work), work)]
  if (special === null) return tokens
  switch (special.form) {
    case 'polynomial':
      return cheapest([...tokens, ...costsOfPolynomial(special.products, work)])
    case 'krylov':
      return pipe(
        I.infer(special.model),
        E.match(
          (e) => {
            throw new Error(`internal: ${I.show(e)}`)
          },
          (typed) => cheapest([...tokens, ofCount('lazy', counted(typed, work), work)])
        )
      )
  }
}
