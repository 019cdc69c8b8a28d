/**
 * The library: describe a model, compile it, give it weights, solve with it and judge the answer.
 *
 *     import { solveAsync } from 'ansatz'
 *     const { x, status } = await solveAsync({ A: [[4, 1], [1, 3]], b: [1, 2] })
 */

// --- describing: models, families of problems, recipes -----------------------------------------------------------------

export * as spec from '../spec/index'

// --- compiling -----------------------------------------------------------------------------------------------------------

export { type CompileError, equations, type Goal, plan, toGpujs, toJavaScript } from '../codegen/compile'
export type { Plan } from '../codegen/plan'
export type { Program } from '../codegen/program'
export { type Phase, showPhase } from '../codegen/show'

// --- weights -------------------------------------------------------------------------------------------------------------

export { type Card, card, measure, render as renderCard } from './checkpoint/card'
export {
  type Checkpoint,
  type CheckpointError,
  read as readCheckpoint,
  show as showCheckpointError,
  write as writeCheckpoint
} from './checkpoint/checkpoint'
export { behind, closedForm, embed, kappaBehind, type WeightedModel } from './weights/closed-form'
export { type Cost, type Decision, decide, type Force, inStrides, type Way, type Work } from './weights/cost'
export { costsOf } from './weights/counted'
export { initialise } from './weights/initialise'
export { type NewtonSchulzOptions, newtonSchulzContraction, newtonSchulzForm } from './weights/newton-schulz'
export { polarContraction, polarForm } from './weights/polar'
export { type Specialised, specialise } from './weights/specialise'
export { validate, type Weights } from './weights/weights'

// --- guarantees ----------------------------------------------------------------------------------------------------------

export {
  exactPolynomial,
  type Guarantee,
  type GuaranteeOptions,
  guarantee,
  guaranteeAt,
  residualAt,
  rounding as guaranteeRounding
} from './guarantee/guarantee'

// --- meaning: the interpreter that judges --------------------------------------------------------------------------------

export { interpretBatch as interpret, type Systems } from './interpreter/interpret'
export { type Float64Executable, load64 } from './javascript/run'

// --- running on backends -------------------------------------------------------------------------------------------------

export { choose as chooseBackend } from './backends/choose'
export { open as openBackend } from './backends/open'
export {
  type BackendError,
  type BackendName,
  backendNames,
  type Probe,
  probe as probeBackend,
  probeAll as probeBackends
} from './backends/probe'
export type { Arrays, Executable, Runtime } from './backends/runtime'

// --- sampling and training -----------------------------------------------------------------------------------------------

export { type Dataset, openDataset, verify as verifyDataset } from './data/dataset'
export type { Manifest } from './data/manifest'
export { type WriteOptions, writeDataset } from './data/write'
export * as Random from './random/key'
export { draw as sample } from './sample/draw'
export type { Sample } from './sample/sample'
export { type Judgement as SpectralJudgement, judge as judgeSpectral } from './spectral/judge'
export { ofEigenvalues, ofInterval, ofMatrix, type Target as SpectralTarget } from './spectral/target'
export { type SpectralModel, type SpectralOptions, trainSpectral } from './spectral/train'
export {
  type FollowOptions,
  follow,
  type Progress as TrainProgress,
  type TrainError,
  type Trained
} from './train/train'

// --- solving -------------------------------------------------------------------------------------------------------------

export { type InputError, show as showInputError } from './io/errors'
export { readSystem, readSystems } from './io/read'
export type { SystemFile } from './io/system'
export { writeArray } from './io/write'
export {
  type Certificate,
  type Condition,
  type GivenModel,
  type LinearSystem,
  type LinearSystems,
  type Matrix,
  type ModelUsed,
  type Path,
  type Progress,
  type Solution,
  type SolveError,
  type SolveOptions,
  type Solver,
  type Spectrum,
  type Status,
  show as showSolveError,
  solve,
  solveAsync,
  solveBatch,
  solveBatchAsync,
  solver,
  type Timings,
  type Vector
} from './solve/solve'

/** Classical solvers for batches, in float32, uncertified: what the networks are compared with. */
export {
  type BatchAnswers,
  type BatchMethod,
  type BatchOptions,
  type BatchSolver,
  batchSolver
} from './wasm/classical'

// --- judging -------------------------------------------------------------------------------------------------------------

export { deviceOf } from './ladder/backend-device'
export { type CheckOptions, type Climber, check as climb } from './ladder/check'
export { type Row, type RungName, rungs } from './ladder/rung'
