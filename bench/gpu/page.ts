/** The benchmark in a page: tables where one reads them, and every figure as JSON below. */
import * as E from 'fp-ts/Either'

import { open } from '../../runtime/wgsl/runtime'
import type { Network } from './cases'
import { show } from './report'
import type { GpuResults } from './result'
import { run } from './run'

export const measured = async (network: Network, say: (line: string) => void): Promise<GpuResults | string> => {
  const opened = await open('wgsl')()
  if (E.isLeft(opened)) return opened.left.message
  const runtime = opened.right
  const peer = async () => ({ _tag: 'absent', reason: 'a page runs no Python' }) as const
  const results = await run({ runtime, network, seconds: runtime.hardware ? 1 : 0.2, small: false, say, peer })
  await runtime.close()
  return results
}

export const inPage = async (network: Network): Promise<void> => {
  const text = document.querySelector('pre') ?? document.body.appendChild(document.createElement('pre'))
  const results = await measured(network, (line) => {
    text.textContent += `${line}\n`
  })
  text.textContent = typeof results === 'string' ? results : `${show(results)}\n\n${JSON.stringify(results, null, 2)}`
}
