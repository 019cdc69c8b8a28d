/** What a person sees of a training that goes on: a bar, or curves with a line below them; both on a terminal only. */
import { remaining, type Underway } from '../../reproduce/time-left'
import type { Judgement } from '../../train/held-out'
import { type History, judgements } from '../../train/history'
import type { Progress } from '../../train/state'
import { chart, least } from '../chart'
import { frame } from '../frame'
import { note, scientific } from '../print'
import { bar, fitted, patience, terminalWidth } from '../progress'

export interface View {
  readonly update: (progress: Progress) => void
  /** Take away what is drawn, for a sentence or the end. */
  readonly clear: () => void
}

// --- words -----------------------------------------------------------------------------------------------------------

/** What is known beside the iteration itself: the time that is left of its stage, and the stage's latest judgement. */
interface Beside {
  readonly left: string
  readonly judged: Judgement | null
}

/** The time left is taken from the iterations that were seen to go by. */
const watch = (points: () => History): ((p: Progress) => Beside) => {
  let [stage, judged]: [string, Judgement | null] = ['', null]
  let clock: Underway = remaining(1).begin(1)
  return (p) => {
    const own = `${p.part} ${p.stage}`
    if (own !== stage) {
      stage = own
      clock = remaining(1).begin(1)
      const last = judgements(points()).at(-1)
      judged = last !== undefined && last.part === p.part && last.stage === p.stage ? last.heldOut : null
    }
    judged = p.heldOut ?? judged
    return { left: clock.at((p.start + p.iteration / p.iterations) / p.starts).replace(/^, about /, ''), judged }
  }
}

/** Words on an iteration, the more important ones first. */
export const words = (p: Progress, { left, judged }: Beside): readonly string[] => {
  const place = [
    ...(p.parts > 1 ? [`recipe ${p.part + 1} of ${p.parts}`] : []),
    ...(p.stages > 1 ? [`stage ${p.stage + 1} of ${p.stages}`] : [])
  ].join(', ')
  return [
    place === '' || left === '' ? `${place}${left}` : `${place} (${left})`,
    ...(p.starts > 1 ? [`start ${p.start + 1} of ${p.starts}`] : []),
    ...(judged === null ? [] : [`held-out MSE ${scientific(judged.mse)}`]),
    `loss ${scientific(p.loss)}`,
    ...(p.starts > 1 ? [`best ${scientific(p.best)}`] : []),
    ...(judged === null
      ? []
      : [`relative error ${scientific(judged.relative.median)}`, `backward error ${scientific(judged.backward)}`])
  ].filter((word) => word !== '')
}

// --- drawing ---------------------------------------------------------------------------------------------------------

const colours = (): boolean => process.stderr.isTTY && process.stderr.hasColors()

/** Lines of a terminal that does not say how many it has. */
const usualHeight = 24
/** The most lines of a chart. */
const tallest = 20

const size = (below: number): { readonly width: number; readonly height: number } => ({
  width: terminalWidth() - 1,
  height: Math.min(tallest, Math.max(least.height, (process.stderr.rows ?? usualHeight) - below))
})

/** Milliseconds between two drawings of the curves. */
const pause = 400

const curves = (points: () => History): View => {
  const drawn = frame(process.stderr)
  const beside = watch(points)
  let last = Date.now() + patience - pause
  return {
    update: (p) => {
      const found = beside(p)
      const now = Date.now()
      if (now - last < pause) return
      last = now
      const line = fitted(terminalWidth() - 1, `training ${p.iteration}/${p.iterations}`, words(p, found))
      drawn.show([...chart(points(), { ...size(2), colour: colours() }), line])
    },
    clear: drawn.clear
  }
}

const line = async (points: () => History): Promise<View> => {
  const progress = await bar('training')
  const beside = watch(points)
  return {
    update: (p) => {
      const [first = '', ...more] = words(p, beside(p))
      progress.update(p.iteration, p.iterations, first, ...more)
    },
    clear: progress.stop
  }
}

const silent: View = { update: () => {}, clear: () => {} }

/** The view of a run: with `plot` its curves, drawn again a few times a second. */
export const view = async (plot: boolean, points: () => History): Promise<View> =>
  process.stderr.isTTY ? (plot ? curves(points) : line(points)) : silent

/** The curves as they stand at the end, on standard error, on a terminal or not. */
export const lastPlot = (points: History): void => {
  const lines = chart(points, { ...size(1), colour: colours() })
  note(
    lines.length > 0
      ? lines.join('\n')
      : 'no curve: fewer than two losses above zero are known, or the terminal is too small'
  )
}
