/** The page of a training run: escaped, whole, and of a size that can be read. */
import test from 'tape'

import { escape, html, raw, table } from '../../runtime/report/html'
import { type End, type TrainingReport, time, trainingReport } from '../../runtime/report/training'
import { pen } from '../../runtime/reproduce/plots'
import type { History } from '../../runtime/train/history'
import { Family, Recipe, Zoo } from '../../spec'
import { right } from '../support/right'

const bad = `<img src=x onerror="alert('1')">&`
const family = Family.spd({ kappa: 5, sizes: 3 })
const rate: Recipe.Rate = { peak: 1e-2, warmup: 0, decay: 'none' }
const stage = Recipe.adam({ family, steps: 10, batch: 4, rate })

const first = Recipe.make({
  name: `${bad} first`,
  model: { ...Zoo.blockLinear({ layers: 2 }), name: `${bad} model` },
  start: Recipe.random(),
  stages: [stage],
  seed: 1,
  valid: family
})

/** Points of both recipes of a chain, the odd ones judged. */
const points = (count: number): History =>
  [0, 1].flatMap((part) =>
    Array.from({ length: count / 2 }, (_, k) => ({
      part,
      stage: 0,
      start: 0,
      iteration: k + 1,
      loss: 1 / (k + 1),
      rate: 1e-2,
      seconds: 10 * part + (10 * k) / count,
      heldOut: { systems: 8, mse: 2 / (k + 1), relative: { median: 0.5, mean: 0.6 }, backward: 0.125 }
    }))
  )

const report = (end: End, history: History): TrainingReport => ({
  recipe: { ...first, name: bad, start: Recipe.continued({ from: first }) },
  seed: 7,
  backend: bad,
  threads: 2,
  data: bad,
  parameters: 12,
  tree: bad,
  end,
  loss: 0.25,
  points: history,
  seconds: 20,
  made: bad
})

const ends: readonly End[] = [
  { _tag: 'finished', out: bad, card: { trained: [bad], valid: bad, parameters: 12, measured: [] } },
  { _tag: 'interrupted', at: { part: 0, stage: 0, iteration: 23 }, goOn: bad },
  { _tag: 'failed', cause: bad }
]

test('nothing that comes from outside is markup', async (t) => {
  t.equal(escape(bad), '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;')
  t.equal(
    html`<p title="${bad}">${[html`<b>${1}</b>`, raw('<i>')]}</p>`.text,
    `<p title="${escape(bad)}"><b>1</b>\n<i></p>`
  )
  t.ok(table(['a', '<b>'], [['<c>', 2]]).text.includes('<td>&lt;c&gt;</td>\n<td class="number">2</td>'))
  const draw = right(await pen())
  for (const end of ends) {
    const page = right(await trainingReport(draw, report(end, points(40))))
    t.notOk(page.includes('<img'), end._tag)
    t.ok(page.split('&lt;img src=x onerror=&quot;').length > 8, 'the words are there')
    t.ok(page.includes(`<title>Training of ${escape(bad)}</title>`), 'in the title')
    t.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'/)
    t.equal(page.split('<svg').length, 4, 'three drawings')
  }
})

test('the figures of a run, and how it ended', async (t) => {
  const draw = right(await pen())
  const [finished, interrupted, failed] = await Promise.all(
    ends.map(async (end) => right(await trainingReport(draw, report(end, points(40)))))
  )
  t.match(finished!, /<b>Finished\.<\/b>/)
  t.match(
    finished!,
    /MSE 0\.1, relative error 0\.5 \(median\), backward error 0\.125 \(median\), at stage 1, iteration 20</
  )
  t.match(finished!, /<th>seed<\/th><td>7<\/td>[\s\S]*, 2 threads<\/td>[\s\S]*<th>time<\/th><td>20\.0 s<\/td>/)
  t.match(finished!, /<th>iterations<\/th><td>40<\/td>/)
  t.match(interrupted!, /<b>Interrupted<\/b> at [^<]* first, stage 1, iteration 23: /, 'in the first recipe')
  t.match(failed!, /<b>Failed<\/b> at stage 1, iteration 20: /)
  const none = right(await trainingReport(draw, report(ends[1]!, [])))
  t.match(none, /There is no point of a curve yet/, 'also before the first iteration')
  t.deepEqual([time(9.94), time(250), time(7500)], ['9.9 s', '4 min 10 s', '2 h 5 min'])
})

test('a long run has a page that can be read', async (t) => {
  const page = right(await trainingReport(right(await pen()), report(ends[0]!, points(100_000))))
  t.ok(page.length < 2e6, `${Math.round(page.length / 1024)} KB`)
  t.match(page, /judged the weights 100000 times[\s\S]*<summary>2000 judgements, evenly chosen/)
})
