/** The stopwatch: contestants take turns after a warm-up, and failures are passed on; no time is asserted. */
import test from 'tape'

import { leastSamples, method, quantile, race, timingOf } from '../../runtime/reproduce/stopwatch'

test('quantiles', (t) => {
  t.equal(quantile([1, 2, 3, 4, 5], 0.5), 3, 'the median')
  t.equal(quantile([1, 2, 3, 4], 0.5), 2.5, 'between two')
  t.equal(quantile([7], 0.75), 7, 'of one')
  t.deepEqual(timingOf([5, 1, 4, 2, 3]), { median: 3, lower: 2, upper: 4, samples: 5 }, 'in any order')
  t.end()
})

test('contestants take turns', async (t) => {
  const said: string[] = []
  const named = (name: string) => ({ name, run: async () => void said.push(name) })
  const timed = await race([named('p'), named('q'), named('r')], { warmUp: 0, sample: 0, rounds: 6 })
  t.deepEqual(
    timed.map((c) => c.name),
    ['p', 'q', 'r'],
    'in the order given'
  )
  t.ok(
    timed.every((c) => c.samples === 6 && c.calls === 1 && c.lower <= c.median && c.median <= c.upper),
    'a sample in every round, quartiles around the median'
  )
  t.equal(said.join(''), `ppqqrr${'pqrqrprpq'.repeat(2)}`, 'two warm-up calls each, then a new first in every round')
  t.end()
})

test('few rounds, time limits, many calls', async (t) => {
  let count = 0
  const [one] = await race([{ name: 'count', run: () => count++ }], { warmUp: 1, sample: 0.2, rounds: 1, limit: 0 })
  t.equal(one!.samples, leastSamples, 'never fewer samples than a median needs')
  t.ok(one!.calls > 1 && count >= one!.calls * leastSamples, `${one!.calls} calls in a sample of a fast contestant`)
  t.ok(method({ rounds: 9 }).includes('up to 9 samples'), 'says how')
  t.end()
})

test('a failure is no figure', async (t) => {
  const after = (calls: number) => {
    let count = 0
    return { name: 'fails', run: () => (++count > calls ? Promise.reject(new Error('planned')) : undefined) }
  }
  for (const calls of [0, 3]) {
    await race([after(calls)], { warmUp: 0, sample: 0 }).then(
      () => t.fail(`after ${calls} calls`),
      (cause: Error) => t.equal(cause.message, 'planned', `after ${calls} calls`)
    )
  }
  t.end()
})
