import { climbAll } from './climb-all'

climbAll('wasm', {
  options: { fused: false },
  models: ['block-linear-3', 'full-linear-2', 'gru-2', 'krylov-2', 'polynomial-6', 'transformer-1-causal']
})
