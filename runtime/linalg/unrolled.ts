/**
 * Small systems by straight-line code: for one n, Cholesky and conjugate gradients without loops and without memory for
 * what lies between, written once and compiled by the engine. See Note [Why text].
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** Solves the system whose matrix starts at `A[p]` and whose right-hand side starts at `b[q]` into `x[q]`; the failing pivot, or -1. */
export type SmallCholesky = (A: Float64Array, p: number, b: Float64Array, q: number, x: Float64Array) => number

/** `k` iterations from zero on the system at `A[p]`, `b[q]`, into `x[q]`. */
export type SmallCg = (A: Float64Array, p: number, b: Float64Array, q: number, x: Float64Array, k: number) => void

/** Sizes up to which straight-line code beats loops: beyond, its values no longer fit into registers and caches. */
export const mostUnrolled = { cholesky: 16, cg: 9 }

// --- texts -----------------------------------------------------------------------------------------------------------

const indices = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)

const minus = (first: string, n: number, term: (k: number) => string): string =>
  [first, ...indices(n).map(term)].join(' - ')

/** `L L^T = A`, `L y = b`, `L^T x = y`, with reciprocals of the diagonal. */
const choleskyText = (n: number): string => {
  const lines: string[] = []
  for (const i of indices(n)) {
    for (const j of indices(i)) {
      const sum = minus(`A[p + ${i * n + j}]`, j, (k) => `l${i}_${k} * l${j}_${k}`)
      lines.push(`const l${i}_${j} = (${sum}) * d${j}`)
    }
    const pivot = minus(`A[p + ${i * n + i}]`, i, (k) => `l${i}_${k} * l${i}_${k}`)
    lines.push(`const a${i} = ${pivot}`, `if (!(a${i} > 0 && a${i} < Infinity)) return ${i}`)
    lines.push(`const d${i} = 1 / Math.sqrt(a${i})`)
    lines.push(`const y${i} = (${minus(`b[q + ${i}]`, i, (k) => `l${i}_${k} * y${k}`)}) * d${i}`)
  }
  for (const i of [...indices(n)].reverse()) {
    lines.push(`const x${i} = (${minus(`y${i}`, n - 1 - i, (k) => `l${i + 1 + k}_${i} * x${i + 1 + k}`)}) * d${i}`)
    lines.push(`x[q + ${i}] = x${i}`)
  }
  return [...lines, 'return -1'].join('\n')
}

/** Conjugate gradients; stops where the residual vanishes or `p . A p` is not positive. */
const cgText = (n: number): string => {
  const each = (line: (i: number) => string): readonly string[] => indices(n).map(line)
  const sum = (term: (i: number) => string): string => each(term).join(' + ')
  return [
    ...each((i) => `let x${i} = 0, r${i} = b[q + ${i}], p${i} = r${i}`),
    `let rr = ${sum((i) => `r${i} * r${i}`)}`,
    'for (let step = 0; step < k && rr > 0; step++) {',
    ...each((i) => `const w${i} = ${sum((j) => `A[p + ${i * n + j}] * p${j}`)}`),
    `const curvature = ${sum((i) => `p${i} * w${i}`)}`,
    'if (!(curvature > 0)) break',
    'const alpha = rr / curvature',
    ...each((i) => `x${i} += alpha * p${i}; r${i} -= alpha * w${i}`),
    `const next = ${sum((i) => `r${i} * r${i}`)}`,
    'const beta = next / rr',
    'rr = next',
    ...each((i) => `p${i} = r${i} + beta * p${i}`),
    '}',
    ...each((i) => `x[q + ${i}] = x${i}`)
  ].join('\n')
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Texts of our own making, of a whole number alone, become functions; no other text reaches this line. */
const compiled = <F>(names: readonly string[], text: (n: number) => string): ((n: number) => F) => {
  const known = new Map<number, F>()
  return (n) => {
    if (!(Number.isInteger(n) && n > 0 && n <= 64)) throw new Error(`internal: straight-line code for n = ${n}`)
    const found = known.get(n) ?? (new Function(...names, text(n)) as F)
    known.set(n, found)
    return found
  }
}

export const smallCholesky = compiled<SmallCholesky>(['A', 'p', 'b', 'q', 'x'], choleskyText)

export const smallCg = compiled<SmallCg>(['A', 'p', 'b', 'q', 'x', 'k'], cgText)

// Note [Why text]
// In a batch of thousands of systems of nine unknowns the loops cost more than the arithmetic: every entry of L is stored,
// loaded and checked against its array's end, and each pivot waits for the loop before it. As straight-line code for one n
// the entries are local values, and V8 reorders them: a system of 9 unknowns takes a quarter of the time. JavaScript has no
// other way to write a function for each n; above some n the text grows as n^3 / 6 and the gain is gone.
