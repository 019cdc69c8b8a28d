/** `ansatz backends`: every backend, tried. */
import * as E from 'fp-ts/Either'

import { choose } from '../../backends/choose'
import { type Probe, probeAll } from '../../backends/probe'
import { step } from '../debug'
import type { Outcome } from '../exit'
import { say, sayJson, table } from '../print'

const says = ({ works, hardware }: Probe): string => (works ? (hardware ? 'works, on hardware' : 'works') : 'does not')

const generator = ({ patch }: Probe): string =>
  patch === null ? '' : `, ${patch.patched ? 'patched' : 'gpu.js as it is'}: ${patch.reason}`

const without = (name: string, detail: string): string => detail.replace(`backend ${name}: `, '')

export const backends = async (o: {
  readonly json?: boolean
  readonly stock?: boolean
  readonly unfused?: boolean
}): Promise<Outcome> => {
  const probes = await step('probe', probeAll({ stock: o.stock === true, fused: o.unfused !== true }))
  const auto = await step('choose', choose('auto'))
  const chosen = E.isRight(auto) ? auto.right : null
  if (o.json === true) {
    sayJson({ auto: chosen, backends: probes.map((p) => ({ ...p, detail: without(p.name, p.detail) })) })
    return E.right('done')
  }
  say(table([['backend', '', ''], ...probes.map((p) => [p.name, says(p), without(p.name, p.detail) + generator(p)])]))
  say(chosen === null ? '\nauto finds none' : `\nauto takes ${chosen}`)
  return E.right('done')
}
