/** Architectures to start from. */

export { type AlgebraformerOptions, algebraformer } from './algebraformer'
export { type BlockLinearOptions, blockLinear } from './block-linear'
export { catalogue, type Entry } from './catalogue'
export { columnLinear } from './column-linear'
export { families, type NamedFamily } from './families'
export { type FullLinearOptions, fullLinear } from './full-linear'
export { krylov } from './krylov'
export { newtonSchulz } from './newton-schulz'
export {
  blockJoint,
  blockNine,
  blockTuned,
  fullAdam,
  fullFresh,
  fullWidened,
  paperRecipes,
  shortened
} from './paper-recipes'
export { type PolarLinearOptions, polarLinear } from './polar-linear'
export { polynomial } from './polynomial'
export {
  adamDemo,
  block82,
  blockLinear2,
  blockLinear3,
  blockLinear3Blocks2,
  blockLinear4Universal,
  recipes,
  scalar3,
  transformerDemo,
  twoLayers
} from './recipes'
export { gru, lstm, type RecurrentOptions } from './recurrent'
