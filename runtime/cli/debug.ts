/**
 * The debug ladder, read from `ANSATZ_DEBUG` here and nowhere else. Every step shows what the one before it shows.
 *
 *     1  the stack trace of a fault of ansatz itself
 *     2  what a command does and how long that took, on standard error
 */
const level = ((): number => {
  const given = process.env['ANSATZ_DEBUG'] ?? '0'
  return /^[0-9]$/.test(given) ? Number(given) : 0
})()

export const showsStacks = level >= 1
const showsSteps = level >= 2

/** A step of a command, timed at debug level 2. */
export const step = async <A>(what: string, run: () => Promise<A>): Promise<A> => {
  if (!showsSteps) return run()
  const start = performance.now()
  try {
    return await run()
  } finally {
    process.stderr.write(`debug: ${what}: ${(performance.now() - start).toFixed(0)} ms\n`)
  }
}
