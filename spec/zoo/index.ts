/** Architectures to start from. */

export { type BlockLinearOptions, blockLinear } from './block-linear'
export { catalogue, type Entry } from './catalogue'
export { columnLinear } from './column-linear'
export { type FullLinearOptions, fullLinear } from './full-linear'
export { polynomial } from './polynomial'
