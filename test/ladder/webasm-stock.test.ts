import { climbAll } from './climb-all'

climbAll('webasm', {
  options: { stock: true },
  models: ['block-linear-3-paper', 'full-linear-2', 'polynomial-6', 'transformer-1-causal']
})
