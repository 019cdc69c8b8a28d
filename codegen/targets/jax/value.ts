/**
 * Arrays as Python texts: what a text holds along which axes, and how one is brought into line with others by numpy's rules of
 * broadcasting.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** How tightly a text binds. */
export type Level = 'atom' | 'product' | 'sum' | 'comparison'

export interface Value {
  readonly text: string
  /** The indices along its axes, slowest first; none for a number. */
  readonly axes: readonly string[]
  readonly level: Level
}

const levels: readonly Level[] = ['atom', 'product', 'sum', 'comparison']

// --- constructors ----------------------------------------------------------------------------------------------------

export const atom = (text: string, axes: readonly string[] = []): Value => ({ text, axes, level: 'atom' })

// --- combinators -----------------------------------------------------------------------------------------------------

/** The text, in brackets where it binds less tightly than `most`. */
export const within = (v: Value, most: Level): string =>
  levels.indexOf(v.level) <= levels.indexOf(most) ? v.text : `(${v.text})`

/** The axes in the order of `all`. */
export const ordered = (axes: readonly string[], all: readonly string[]): readonly string[] =>
  all.filter((name) => axes.includes(name))

export const transposed = (v: Value, axes: readonly string[]): Value =>
  v.axes.every((name, k) => name === axes[k])
    ? v
    : atom(`${within(v, 'atom')}.transpose(${axes.map((name) => v.axes.indexOf(name)).join(', ')})`, axes)

/** Brought into line with the axes `all`, which hold its own: transposed, and with axes of size one where it lacks one. */
export const aligned = (v: Value, all: readonly string[]): Value => {
  if (v.axes.length === 0) return v
  const own = transposed(v, ordered(v.axes, all))
  const slots = all.map((name) => (v.axes.includes(name) ? ':' : 'None'))
  const leading = slots.indexOf(':')
  const shown = slots.slice(leading)
  const none = shown.indexOf('None')
  if (none < 0) return own
  const trailing = shown.slice(none).every((slot) => slot === 'None')
  const text = trailing ? ['...', ...shown.slice(none)] : shown
  return { ...atom(`${within(own, 'atom')}[${text.join(', ')}]`), axes: own.axes }
}

/** The axes of any of the values: as the first value that has them all has them, else in the order of `all`. */
export const union = (values: readonly Value[], all: readonly string[]): readonly string[] => {
  const axes = [...new Set(values.flatMap((v) => v.axes))]
  return values.find((v) => v.axes.length === axes.length)?.axes ?? ordered(axes, all)
}
