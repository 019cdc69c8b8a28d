import * as E from 'fp-ts/Either'
import { catalogue } from './spec/zoo/catalogue'
import { infer, show } from './spec/infer'
import { check } from './runtime/ladder/check'
import { open } from './runtime/gpujs/runtime'
import { gpujsDevice } from './runtime/ladder/gpujs-device'
const main = async () => {
const rt = await open(process.argv[2] as any)(); if (E.isLeft(rt)) { console.log(rt.left); return }
for (const [name, entry] of Object.entries(catalogue)) {
  if (process.argv[3] && name!==process.argv[3]) continue
  const t0=Date.now()
  const rows = await check({ typed: (n) => { const t=infer(entry.model(n)); if (E.isLeft(t)) throw new Error(show(t.left)); return t.right }, weights: null }, gpujsDevice(rt.right))
  const by = new Map<string, number>()
  for (const r of rows) { by.set(r.rung, Math.max(by.get(r.rung) ?? 0, r.error)); if (!r.ok) console.log('  BAD', r.rung, r.n, r.batch, r.what, r.error, r.fault ?? '') }
  console.log(name, [...by].map(([k,v])=>`${k} ${v.toExponential(1)}`).join('  '), Date.now()-t0,'ms')
}
await rt.right.close()
}
main()
