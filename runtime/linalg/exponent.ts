/**
 * Powers of two: exact scaling, so that norms and residuals near the ends of the float64 range neither overflow nor vanish.
 */

const value = new Float64Array(1)
const words = new Uint32Array(value.buffer)
/** Which of the two words holds sign and exponent. */
const top = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

/** `floor(log2 |x|)` for a finite `x` that is not zero. */
export const exponent = (x: number): number => {
  value[0] = x
  const e = (words[top]! >>> 20) & 0x7ff
  if (e > 0) return e - 1023
  value[0] = x * 2 ** 54
  return ((words[top]! >>> 20) & 0x7ff) - 1023 - 54
}

/** `2^e` for whole `e` in -1022 ... 1023. */
export const powerOfTwo = (e: number): number => {
  words[1 - top] = 0
  words[top] = (e + 1023) << 20
  return value[0]!
}

/** `x 2^e`, rounded at most once (where the result is subnormal), for every whole `e`. */
export const scaled = (x: number, e: number): number => {
  if (e >= -1022 && e <= 1023) return x * powerOfTwo(e)
  if (e > 1023) return e > 2200 && x !== 0 ? x * Infinity : scaled(x * powerOfTwo(1023), Math.min(e, 2200) - 1023)
  if (x === 0 || !Number.isFinite(x)) return x
  const own = exponent(x)
  const rest = own + e - 1
  if (rest < -1080) return x * 0
  const mantissa = x * powerOfTwo(1 - own)
  return rest >= -1022 ? mantissa * powerOfTwo(rest) : mantissa * powerOfTwo(-1022) * powerOfTwo(rest + 1022)
}
