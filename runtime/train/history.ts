/**
 * The history of a run: points of its curves, thinned as they come, so that a long run has no more of them than a short one.
 */
import type { Judgement } from './held-out'
import type { Progress, TrainState } from './state'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where a run stands: which recipe of its chain, which stage and start, each from 0, and iterations done in it. */
export interface Place {
  readonly part: number
  readonly stage: number
  readonly start: number
  readonly iteration: number
}

/** What is known after one iteration. */
export interface Point extends Place {
  /** Mean square error on what the iteration saw; infinite where it was not finite. */
  readonly loss: number
  /** The learning rate, where the stage has one. */
  readonly rate: number | null
  /** Seconds of training until then, those of interrupted runs included. */
  readonly seconds: number
  /** Errors on held-out systems, where the iteration was followed by a judgement. */
  readonly heldOut: Judgement | null
}

/** Points of one stage, in the order in which they were made. */
export type History = readonly Point[]

// --- constructors ----------------------------------------------------------------------------------------------------

/** The most points of a stage, judgements and the ends of starts aside. */
export const most = 1000

/**
 * Whether an iteration becomes a point: the first and the last of a start, every judgement, and so many between that a stage has
 * `most` at most. It depends on nothing else, so that a run that was interrupted has the points of one that was not.
 */
export const isKept = ({ iteration, iterations, starts, ends, heldOut }: Progress): boolean =>
  iteration === 1 || ends || heldOut !== undefined || iteration % Math.ceil((iterations * starts) / most) === 0

export const pointOf = (p: Progress, seconds: number): Point => ({
  part: p.part,
  stage: p.stage,
  start: p.start,
  iteration: p.iteration,
  loss: Number.isFinite(p.loss) ? p.loss : Number.POSITIVE_INFINITY,
  rate: p.rate ?? null,
  seconds,
  heldOut: p.heldOut ?? null
})

// --- combinators -----------------------------------------------------------------------------------------------------

/** Whether a run comes to one place before it comes to another, or both are one. */
const isBehind = (p: Place, q: Place): boolean => {
  const order = (['part', 'stage', 'start', 'iteration'] as const).find((key) => p[key] !== q[key])
  return order === undefined || p[order] < q[order]
}

/** The points that a state of a chain of `parts` recipes has behind it. */
export const upTo = (points: History, parts: number, { ahead, stage, start, iteration }: TrainState): History =>
  points.filter((point) => isBehind(point, { part: parts - 1 - ahead, stage, start, iteration }))

// --- destructors -----------------------------------------------------------------------------------------------------

/** A point that was followed by a judgement. */
export type Judged = Point & { readonly heldOut: Judgement }

export const judgements = (points: History): readonly Judged[] => points.filter((p): p is Judged => p.heldOut !== null)

/** A point and how many iterations of all stages and starts it has behind it. */
export interface Placed {
  readonly at: number
  readonly point: Point
}

/** Whether two points are of one start of one stage. */
export const sameStart = (p: Point, q: Point): boolean =>
  p.part === q.part && p.stage === q.stage && p.start === q.start

/** Points along one axis: the iterations of a stage or start follow those of the one before. */
export const along = (points: History): readonly Placed[] => {
  let [passed, last]: [number, Point | null] = [0, null]
  return points.map((point) => {
    if (last !== null && !sameStart(last, point)) passed += last.iteration
    last = point
    return { at: passed + point.iteration, point }
  })
}
