/** Solving linear systems. */
export { type Matrix, type PlainSystem, type PlainSystems, solveAsync, solveBatchAsync, type Vector } from './plain'
export { type Solver, solve, solveBatch, solver } from './run'
export type {
  BackendUsed,
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
