/** Norms and ratios by which the ladder judges. */

/** `||got - want||_2 / ||want||_2`; zero must be exactly zero. Anything not finite is infinitely wrong. */
export const relative = (got: ArrayLike<number>, want: ArrayLike<number>): number => {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY
  let scale = 0
  for (let k = 0; k < want.length; k++) scale = Math.max(scale, Math.abs(want[k] as number))
  let [error, size] = [0, 0]
  for (let k = 0; k < want.length; k++) {
    const d = (got[k] as number) - (want[k] as number)
    if (!Number.isFinite(d)) return Number.POSITIVE_INFINITY
    error += scale === 0 ? d * d : (d / scale) ** 2
    size += scale === 0 ? 0 : ((want[k] as number) / scale) ** 2
  }
  if (scale === 0) return error === 0 ? 0 : Number.POSITIVE_INFINITY
  return Math.sqrt(error / size)
}

/** The largest `|got - want| / bound`, element by element; an exact zero bound allows no error. */
export const worstRatio = (got: ArrayLike<number>, want: ArrayLike<number>, bound: (at: number) => number): number => {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let k = 0; k < want.length; k++) {
    const error = Math.abs((got[k] as number) - (want[k] as number))
    if (error === 0) continue
    const ratio = error / bound(k)
    if (!(ratio <= worst)) worst = Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio
  }
  return worst
}

export const dot = (p: ArrayLike<number>, q: ArrayLike<number>): number => {
  let total = 0
  for (let k = 0; k < p.length; k++) total += (p[k] as number) * (q[k] as number)
  return total
}

/** Unit roundoff of float32. */
export const u32 = 2 ** -24
