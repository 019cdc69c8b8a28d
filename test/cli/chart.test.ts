/** What a person sees of a training that goes on: curves as text, the frame that they are drawn in, and the line of words. */
import { Writable } from 'node:stream'
import test from 'tape'

import { chart } from '../../runtime/cli/chart'
import { words } from '../../runtime/cli/commands/train-view'
import { frame } from '../../runtime/cli/frame'
import { fitted } from '../../runtime/cli/progress'
import type { Judgement } from '../../runtime/train/held-out'
import type { History } from '../../runtime/train/history'
import type { Progress } from '../../runtime/train/train'

const heldOut = (mse: number): Judgement => ({ systems: 8, mse, relative: { median: 0.2, mean: 0.3 }, backward: 0.01 })

/** Losses 1 to 1e-4 in a straight line of the logarithm, judged at each quarter with ten times the loss. */
const points = (count: number): History =>
  Array.from({ length: count }, (_, k) => ({
    part: 0,
    stage: 0,
    start: 0,
    iteration: k + 1,
    loss: 10 ** ((-4 * k) / (count - 1)),
    rate: 1e-3,
    seconds: k,
    heldOut: (k + 1) % (count / 4) === 0 ? heldOut(10 * 10 ** ((-4 * k) / (count - 1))) : null
  }))

const plain = { width: 50, height: 14, colour: false }

test('the chart of a run', (t) => {
  const lines = chart(points(400), plain)
  t.deepEqual(lines, [
    '    ▲',
    ' 1e0┤━┓        ●',
    '    │ ┗━━━━┓',
    '1e-1┤      ┗━━━┓        ●',
    '    │          ┗━━━┓',
    '    │              ┗━━━━┓',
    '1e-2┤                   ┗━━━┓     ●',
    '    │                       ┗━━━━┓',
    '1e-3┤                            ┗━━━┓     ●',
    '    │                                ┗━━━━┓',
    '1e-4┤                                     ┗━━',
    '    └──────────┬────────┬─────────┬──────────▶',
    '             100      200       300',
    '  ━ training loss   ● held-out MSE'
  ])
  for (const [width, height] of [
    [40, 10],
    [80, 24],
    [200, 20]
  ] as const) {
    const drawn = chart(points(4000), { width, height, colour: false })
    t.ok(
      drawn.every((line) => line.length <= width),
      `no line is wider than ${width}`
    )
    t.ok(drawn.length <= height, `${drawn.length} of ${height} lines`)
  }
  const coloured = chart(points(400), { ...plain, colour: true }).join('\n')
  t.ok(coloured.includes('\u001b[33m●\u001b[0m') && coloured.includes('\u001b[36m━\u001b[0m'), 'in two colours')
  t.end()
})

test('what cannot stand on a logarithmic scale, or in little room, is not drawn', (t) => {
  const odd = points(40).map((p, k) => ({ ...p, loss: k % 3 === 0 ? 0 : k % 3 === 1 ? Infinity : p.loss }))
  t.ok(chart(odd, plain).length > 8, 'the rest is')
  t.deepEqual(
    chart(
      points(40).map((p) => ({ ...p, loss: 0 })),
      plain
    ),
    []
  )
  t.deepEqual(chart([], plain), [])
  t.deepEqual(chart(points(40), { ...plain, width: 20 }), [])
  const flat = points(40).map((p) => ({ ...p, loss: 0.25, heldOut: null }))
  const drawn = chart(flat, plain)
  t.ok(drawn.filter((line) => line.includes('━━━━━━━━━━━━')).length === 1, 'a loss that does not change is a line')
  t.notOk(drawn.join('').includes('held-out'), 'and no judgements are named where there are none')
  t.end()
})

test('a frame is drawn in its own place', (t) => {
  let out = ''
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      out += chunk.toString()
      done()
    }
  })
  const taken = (): string => {
    const text = out
    out = ''
    return text
  }
  const drawn = frame(stream)
  drawn.show(['a', 'b'])
  t.equal(taken(), 'a\nb\n')
  drawn.show(['c'])
  t.equal(taken(), '\u001b[2A\r\u001b[0Jc\n', 'two lines back')
  drawn.clear()
  t.equal(taken(), '\u001b[1A\r\u001b[0J', 'and gone')
  drawn.clear()
  t.equal(taken(), '', 'once')
  t.end()
})

test('the line of a training says the time left and the latest judgement, as far as it is wide', (t) => {
  const p: Progress = {
    part: 0,
    parts: 1,
    stage: 1,
    stages: 2,
    what: 'adam',
    start: 0,
    starts: 1,
    iteration: 5,
    iterations: 10,
    loss: 1e-3,
    best: 1e-4,
    ends: false
  }
  const whole = words(p, { left: '3 min left', judged: heldOut(2e-3) })
  t.deepEqual(whole, [
    'stage 2 of 2 (3 min left)',
    'held-out MSE 2.0e-3',
    'loss 1.0e-3',
    'relative error 2.0e-1',
    'backward error 1.0e-2'
  ])
  t.deepEqual(words({ ...p, stages: 1 }, { left: '', judged: null }), ['loss 1.0e-3'])
  t.deepEqual(words({ ...p, stages: 1, starts: 3, parts: 2 }, { left: '9 s left', judged: null }), [
    'recipe 1 of 2 (9 s left)',
    'start 1 of 3',
    'loss 1.0e-3',
    'best 1.0e-4'
  ])
  t.equal(fitted(50, whole[0]!, whole.slice(1)), 'stage 2 of 2 (3 min left)  held-out MSE 2.0e-3')
  t.equal(fitted(500, whole[0]!, whole.slice(1)), whole.join('  '))
  t.end()
})
