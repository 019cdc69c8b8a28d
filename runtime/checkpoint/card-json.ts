/** What a model card holds, and how it is read from a checkpoint: apart from measuring, which solving never does. */
import * as E from 'fp-ts/Either'

import * as D from '../../spec/decoder'

// --- model -----------------------------------------------------------------------------------------------------------

/** The mean square error of the answers to `systems` random systems, per component, in float64. */
export interface Measured {
  /** Of the systems, or `null` where they are those of the family that the model is meant for. */
  readonly kappa: number | null
  readonly n: number
  readonly systems: number
  readonly mse: number
}

export interface Card {
  /** The stages of training, one line each. */
  readonly trained: readonly string[]
  /** The family of systems that the model is meant for. */
  readonly valid: string
  readonly parameters: number
  readonly measured: readonly Measured[]
}

// --- reading ---------------------------------------------------------------------------------------------------------

/** A line of printing characters. */
const line: D.Decoder<string> = (value, path) =>
  typeof value === 'string' && /^\P{C}{1,10000}$/u.test(value) ? E.right(value) : D.fail(path, 'a line of text', value)

/** Reads a card; the texts are shown to people, so they may hold printing characters only. */
export const cardDecoder: D.Decoder<Card> = D.struct<Card>({
  trained: D.array(line, 100),
  valid: line,
  parameters: D.whole(0, Number.MAX_SAFE_INTEGER),
  measured: D.array(
    D.struct<Measured>({
      kappa: D.nullable(D.number),
      n: D.whole(1, 1_000_000),
      systems: D.whole(1, 1_000_000_000),
      mse: D.number
    }),
    10_000
  )
})
