/**
 * Times our WGSL kernels on this machine's graphics processor, with the shipped three-layer network.
 *
 *     npm run bench:gpu
 *     npm run bench:gpu -- --seconds 3 --out gpu.json
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as E from 'fp-ts/Either'

import { packageRoot } from '../../runtime/package/root'
import { sourceOf } from '../../runtime/solve/models'
import { start } from './start'

const source = await sourceOf('block-linear-3')
if (E.isLeft(source)) throw new Error(source.left.message)
const script = readFileSync(path.join(packageRoot(), 'bench/gpu/torch_peer.py'), 'utf8')
process.exitCode = await start(source.right, script)
