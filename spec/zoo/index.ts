/** Architectures to start from. */

export { type BlockLinearOptions, blockLinear } from './block-linear'
export { catalogue, type Entry } from './catalogue'
export { columnLinear } from './column-linear'
export { type FullLinearOptions, fullLinear } from './full-linear'
export { polynomial } from './polynomial'
export { adamDemo, block82, blockLinear2, blockLinear3, blockLinear4Universal, recipes, scalar3 } from './recipes'
