/** A contestant for the tests: it doubles numbers, or does it wrongly, or fails, as its methods say. */
import { operand, serve } from '../../bench/peers/serve'

const doubled = (change: (values: Float32Array) => Float32Array) => (job: Parameters<typeof operand>[0]) => {
  const values = operand(job, 'values')
  const call = () => change(values.map((value) => 2 * value))
  return { call, answer: call, close: () => undefined }
}

console.log('chatter of a library')

await serve({
  version: '1.0',
  detail: 'planted',
  methods: [
    { workload: 'contraction', name: 'right', gives: 'doubled', prepare: doubled((values) => values) },
    { workload: 'contraction', name: 'zeros', gives: 'doubled', prepare: doubled((values) => values.fill(0)) },
    { workload: 'contraction', name: 'input', gives: 'doubled', prepare: doubled((v) => v.map((x) => x / 2)) },
    { workload: 'contraction', name: 'short', gives: 'doubled', prepare: doubled((values) => values.slice(1)) },
    {
      workload: 'contraction',
      name: 'skips',
      gives: 'doubled',
      skips: () => 'not for this size',
      prepare: doubled((values) => values)
    },
    {
      workload: 'contraction',
      name: 'fails',
      gives: 'doubled',
      prepare: () => {
        throw new Error('planned failure')
      }
    }
  ]
})
