/** What the two ways to start the benchmark share: opening the backend, options, output. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/Either'

import { open } from '../../runtime/wgsl/runtime'
import type { Network } from './cases'
import { torch } from './peer'
import { show } from './report'
import { run } from './run'

const usage = `Times our WGSL kernels against the limits of this machine's graphics processor, and beside PyTorch where
Python has it with CUDA. Prints tables and writes every figure as JSON.

  --out FILE       where the figures go (bench/gpu/results.json)
  --seconds TIME   time for the samples of one row (1)
  --small          small sizes, as on a software device
  --no-peer        without PyTorch`

export const start = async (network: Network, script: string): Promise<number> => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'bench/gpu/results.json' },
      seconds: { type: 'string', default: '1' },
      small: { type: 'boolean', default: false },
      'no-peer': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const seconds = Number(values.seconds)
  if (!(seconds > 0 && seconds < 3600)) {
    console.error('--seconds: expected seconds above 0, such as 2.5')
    return 2
  }
  const opened = await open('wgsl')()
  if (E.isLeft(opened)) {
    console.error(opened.left.message)
    return 5
  }
  const runtime = opened.right
  const absent = { _tag: 'absent', reason: 'it was not asked for' } as const
  const results = await run({
    runtime,
    network,
    seconds: runtime.hardware ? seconds : Math.min(seconds, 0.2),
    small: values.small,
    say: (line) => console.error(line),
    peer: values['no-peer'] ? async () => absent : torch(script, 600)
  })
  await runtime.close()
  const out = path.resolve(values.out)
  await mkdir(path.dirname(out), { recursive: true })
  await writeFile(out, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`${show(results)}\n\nEvery figure: ${values.out}`)
  return results.gaps.length === 0 ? 0 : 1
}
