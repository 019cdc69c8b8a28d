/**
 * How commands print: text and JSON on standard output, sentences and progress on standard error.
 */

/** A line, or several, on standard output. */
export const say = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** A line on standard error. */
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** JSON has neither typed arrays nor NaN and infinities: plain arrays, and `null`. */
const plain = (_key: string, value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value

/** One JSON value on standard output, indented, with arrays of numbers on one line. */
export const sayJson = (value: unknown): void => {
  const text = JSON.stringify(value, plain, 2) ?? 'null'
  const numbers = /\[\n\s+((?:-?[0-9][^\s,\]]*|null)(?:,\n\s+(?:-?[0-9][^\s,\]]*|null))*)\n\s+\]/g
  say(text.replace(numbers, (_all, inner: string) => `[${inner.replace(/\s+/g, ' ')}]`))
}

/** Columns padded to their widest cell; `right` names those whose cells stand to the right. */
export const table = (rows: readonly (readonly string[])[], right: readonly number[] = []): string => {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => [...(row[c] ?? '')].length)))
  const cell = (text: string, c: number): string =>
    right.includes(c) ? text.padStart(widths[c] ?? 0) : text.padEnd(widths[c] ?? 0)
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

/** Sentences as lines of at most `width` columns, each line after `indent`. */
export const wrap = (text: string, indent: string, width = 100): string => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${indent}${word}`)
  }
  return lines.join('\n')
}

/** `1.2e-16`, and `0` for zero. */
export const scientific = (value: number): string =>
  value === 0 ? '0' : Number.isFinite(value) ? value.toExponential(1) : String(value)

/** `850 ms`, `2.3 s`. */
export const duration = (ms: number): string =>
  ms < 0.95 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
