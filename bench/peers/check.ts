/** Whether an answer is the answer: nothing is timed before it is. */

export interface Verdict {
  /** Largest difference as a share of the largest reference value; infinite for a wrong size or a value that is no number. */
  readonly error: number
  /** What is wrong with it, or null. */
  readonly wrong: string | null
}

export const judge = (answer: Float32Array, reference: Float64Array, tolerance: number): Verdict => {
  if (answer.length !== reference.length) {
    return { error: Infinity, wrong: `expected ${reference.length} numbers, got ${answer.length}` }
  }
  let [largest, worst] = [0, 0]
  for (let k = 0; k < reference.length; k++) {
    const difference = Math.abs(answer[k]! - reference[k]!)
    if (!(difference < Infinity)) return { error: Infinity, wrong: `number ${k} is ${answer[k]}` }
    if (difference > worst) worst = difference
    largest = Math.max(largest, Math.abs(reference[k]!))
  }
  // An all-zero reference can only be met exactly.
  const error = worst === 0 ? 0 : worst / largest
  const wrong =
    error <= tolerance
      ? null
      : `off by ${error.toExponential(1)} of the largest value, allowed ${tolerance.toExponential(1)}`
  return { error, wrong }
}
