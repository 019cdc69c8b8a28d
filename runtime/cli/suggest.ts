/** Names that were perhaps meant. */

/** Insertions, deletions, replacements and swaps of neighbours from one word to another. */
const distance = (a: string, b: string): number => {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j))
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      ;(rows[i] as number[])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, swapped)
    }
  }
  return at(a.length, b.length)
}

/** `; did you mean block-linear-3?`, or nothing where no name is near. */
export const didYouMean = (word: string, names: readonly string[]): string => {
  const short = word.slice(0, 80)
  const near = names
    .map((name) => ({ name, far: distance(short.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(name.length / 4)))
    .sort((p, q) => p.far - q.far)
  return near[0] === undefined ? '' : `; did you mean ${near[0].name}?`
}

/** Foreign text made safe for a terminal, and short. */
export const quoted = (text: string): string => {
  const cut = text.length > 60 ? `${text.slice(0, 60)}...` : text
  return `'${cut.replace(/[^\x20-\x7e]/g, '?')}'`
}
