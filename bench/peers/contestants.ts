/** Who takes part: how each is started, with how many threads, and what must be installed for it. */
import { existsSync } from 'node:fs'
import path from 'node:path'

import type { Command } from './child'
import type { WorkloadName } from './workload'

export interface Entry {
  readonly name: string
  /** Source of its process, from this folder. */
  readonly file: string
  /** Packages of this folder's own `node_modules` without which it is skipped. */
  readonly packages: readonly string[]
  /** Numbers of threads that it can really run with. */
  readonly threads: readonly number[]
  /** Workloads that also run as two processes at the same time, each with the whole work: what two threads are held to. */
  readonly pair?: readonly WorkloadName[]
  readonly env?: (threads: number) => Readonly<Record<string, string | undefined>>
}

const one = [1]
const two = [1, 2]

/** BLAS chooses its kernel by the processor it finds, whatever the environment says about another. */
const blas = (threads: number): Readonly<Record<string, string | undefined>> => ({
  OPENBLAS_CORETYPE: undefined,
  OPENBLAS_L2_SIZE: undefined,
  OPENBLAS_NUM_THREADS: `${threads}`,
  OMP_NUM_THREADS: `${threads}`,
  MKL_NUM_THREADS: `${threads}`
})

export const entries: readonly Entry[] = [
  { name: 'ours wasm', file: 'ours/wasm.ts', packages: [], threads: two, pair: ['contraction'] },
  { name: 'ours gpu.js', file: 'ours/gpujs.ts', packages: [], threads: one },
  { name: 'ours float64', file: 'ours/float64.ts', packages: [], threads: one },
  { name: 'jax-js', file: 'packages/jax-js.ts', packages: ['@jax-js/jax'], threads: one },
  {
    name: 'TensorFlow.js',
    file: 'packages/tensorflow.ts',
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    threads: one
  },
  { name: 'onnxruntime-web', file: 'packages/onnxruntime-web.ts', packages: ['onnxruntime-web'], threads: two },
  { name: 'onnxruntime-node', file: 'packages/onnxruntime-node.ts', packages: ['onnxruntime-node'], threads: two },
  { name: 'ml-matrix', file: 'packages/ml-matrix.ts', packages: ['ml-matrix'], threads: one },
  { name: 'numpy', file: 'python/numpy_peer.py', packages: [], threads: two, env: blas },
  { name: 'JAX', file: 'python/jax_peer.py', packages: [], threads: two, env: blas }
]

/** Why an entry cannot start from this folder, or null. */
export const missing = (entry: Entry, folder: string): string | null => {
  const absent = entry.packages.filter(
    (name) => !existsSync(path.join(folder, 'node_modules', ...name.split('/'), 'package.json'))
  )
  return absent.length === 0 ? null : `${absent.join(' and ')} not installed: npm run bench:peers:install`
}

export const command = (entry: Entry, folder: string, threads: number, python: string): Command => ({
  program: entry.file.endsWith('.py') ? python : process.execPath,
  args: entry.file.endsWith('.py')
    ? [path.join(folder, entry.file)]
    : ['--import', 'tsx', path.join(folder, entry.file)],
  cwd: path.join(folder, '..', '..'), // where `tsx` is found
  env: { ...entry.env?.(threads), PEERS_THREADS: `${threads}` }
})
