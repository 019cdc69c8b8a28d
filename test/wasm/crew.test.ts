/** Threads that share a training step: one that traps, exits or is terminated ends the step with a sentence, and the others. */
import test from 'tape'

import { plan as planFor } from '../../codegen/compile'
import { wasm } from '../../codegen/targets/wasm/print'
import { crew } from '../../runtime/wasm/crew'
import { infer } from '../../spec/infer'
import { blockLinear } from '../../spec/zoo/block-linear'
import { right } from '../support/right'
import { type Spoiling, watchThreads } from '../support/threads'

const typed = right(infer(blockLinear({ layers: 2, identityBlocks: 1 })))
const plan = right(planFor(wasm, { _tag: 'gradient' }, typed, { n: 3, batch: 2 }))
const plans = [plan, plan, plan]

/** A module whose `run` is the instruction `unreachable`. */
const traps = `new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 7, 1, 3, 114, 117, 110, 0, 0, 10, 5, 1, 3, 0, 0, 11
)))`

const instead = (text: string, old: string, by: string): string => {
  if (!text.includes(old)) throw new Error(`internal: the text of a thread has no ${old}`)
  return text.replace(old, by)
}

/** Spoils the first thread and leaves the second in a loop without end: only ending it ends it. */
const spoiled = (first: (text: string) => string): Spoiling => {
  let made = 0
  return { text: (text) => (made++ === 0 ? first(text) : instead(text, 'try { run() }', 'for (;;) { } try { run() }')) }
}

const failing = async (work: () => Promise<void>): Promise<string> =>
  work().then(
    () => 'no error',
    (error: unknown) => String(error)
  )

for (const [what, spoiling, sentence] of [
  [
    'traps',
    spoiled((text) => instead(text, 'new WebAssembly.Instance(data.module, { env: { memory: data.memory } })', traps)),
    'failed: unreachable'
  ],
  [
    'exits',
    spoiled((text) => instead(text, 'try { run() }', 'process.exit(7); try { run() }')),
    'ended before it had an answer'
  ],
  ['throws', spoiled((text) => instead(text, 'try { run() }', "throw new Error('no'); try { run() }")), 'failed: no'],
  [
    'is terminated',
    { ...spoiled((text) => text), onCall: ({ worker, calls }) => void (calls === 1 && worker.terminate()) },
    'ended before it had an answer'
  ]
] as readonly (readonly [string, Spoiling, string])[]) {
  test(`a thread that ${what} ends the call and the other threads`, async (t) => {
    const { made, undo } = watchThreads(spoiling)
    try {
      const own = crew(plans)
      const said = await failing(own.run)
      t.equal(said, `Error: a thread of a training step ${sentence}`)
      t.deepEqual(
        made.map(({ worker }) => worker.threadId),
        [-1, -1],
        'both have ended'
      )
      t.equal(await failing(own.run), said, 'another call says the same')
      await own.close()
    } finally {
      undo()
    }
    t.end()
  })
}

test('a thread that is terminated between two calls ends the next one', async (t) => {
  const { made, undo } = watchThreads()
  try {
    const own = crew(plans)
    await own.run()
    await made[1]?.worker.terminate()
    t.equal(await failing(own.run), 'Error: a thread of a training step ended before it had an answer')
    t.deepEqual(
      made.map(({ worker, calls }) => [worker.threadId, calls]),
      [
        [-1, 2],
        [-1, 1]
      ],
      'nothing was asked of it, and the other has ended too'
    )
  } finally {
    undo()
  }
  t.end()
})
