/** Solving linear systems. */
export { type Matrix, solveAsync, solveBatchAsync, type Vector } from './plain'
export type {
  Certificate,
  Condition,
  GivenModel,
  LinearSystem,
  LinearSystems,
  ModelUsed,
  Path,
  Progress,
  RightHandSide,
  Solution,
  SolveError,
  SolveOptions,
  SolveReason,
  Spectrum,
  Status,
  Timings
} from './solution'
export { show } from './solution'
export { type Solver, solve, solveBatch, solver } from './run'
