/** A process that runs a program on two threads and closes nothing: it must end by itself. */
import { plan } from '../../codegen/compile'
import { print, wasm } from '../../codegen/targets/wasm/print'
import { engine } from '../../runtime/wasm/engine'
import { infer } from '../../spec/infer'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { right } from '../support/right'

const typed = right(infer(algebraformer({ n: 17, width: 36, blocks: 1, heads: 3 })))
const program = print(right(plan(wasm, { _tag: 'forward' }, typed, { n: 17, batch: 64 })), { threads: 2 })
await (await engine(program)).run([])
console.log(`done by ${program.threads}`)
