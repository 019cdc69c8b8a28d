/** Lines at the foot of a terminal that are drawn again in their place. */

export interface Frame {
  /** Draw these lines in the place of those drawn before. */
  readonly show: (lines: readonly string[]) => void
  /** Take the lines away; what is written next stands in their place. */
  readonly clear: () => void
}

/** Up by so many lines, and everything from there on gone. */
const back = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A\r\u001b[0J`)

/** A frame on a stream of a terminal; no line may be wider than it. */
export const frame = (stream: NodeJS.WritableStream): Frame => {
  let drawn = 0
  return {
    show: (lines) => {
      stream.write(back(drawn) + lines.map((line) => `${line}\n`).join(''))
      drawn = lines.length
    },
    clear: () => {
      stream.write(back(drawn))
      drawn = 0
    }
  }
}
