/** Sums and products in one instruction, of WebAssembly's relaxed SIMD. */
import type { Value } from './tree'

type Operation = Extract<Value, { _tag: 'op' }>

const isProduct = (v: Value | undefined): v is Operation => v?._tag === 'op' && v.name === 'f32x4.mul'

/** `c + a b` and `c - a b` on vectors as one operation; any other operation as it is. */
export const fusedOf = (v: Operation): Operation => {
  const [left, right] = v.args as readonly Value<'v128'>[]
  const made = (name: Operation['name'], product: Operation, other: Value): Operation => ({
    ...v,
    name,
    args: [...product.args, other]
  })
  if (left === undefined || right === undefined) return v
  if (v.name === 'f32x4.add' && isProduct(right)) return made('f32x4.relaxed_madd', right, left)
  if (v.name === 'f32x4.add' && isProduct(left)) return made('f32x4.relaxed_madd', left, right)
  if (v.name === 'f32x4.sub' && isProduct(right)) return made('f32x4.relaxed_nmadd', right, left)
  return v
}

// Note [Fused sums]
// A sum of products is where time goes, and a processor that multiplies and adds in one instruction needs half as many of
// them. WebAssembly 3.0 leaves open whether such a product is rounded before it is added. So trees say what is meant, with
// core operations, which have one answer everywhere, and it is the encoder that joins them, for an engine and a processor
// known to round once. No tree changes a local within a vector operation, so operands may change places.
