/**
 * The benchmark in one file, for a machine that has Node and our `node_modules/webgpu` and nothing else; and in one page, for
 * a browser.
 *
 *     npm run bench:gpu:bundle
 *     node gpu-bench.mjs
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as esbuild from 'esbuild'
import * as E from 'fp-ts/Either'

import { packageRoot } from '../../runtime/package/root'
import { sourceOf } from '../../runtime/solve/models'
import type { Network } from './cases'

const root = packageRoot()

/** Weights as a JavaScript expression; every float64 reads back as it was. */
const literal = ({ model, weights, kappa }: Network): string => {
  const arrays = Object.entries(weights).map(
    ([name, a]) => `${JSON.stringify(name)}: Float64Array.of(${[...a].join()})`
  )
  return `{ model: ${JSON.stringify(model)}, kappa: ${kappa}, weights: { ${arrays.join(', ')} } }`
}

const bundle = async (contents: string, platform: 'node' | 'browser'): Promise<string> => {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: path.join(root, 'bench/gpu'), loader: 'ts' },
    bundle: true,
    format: platform === 'node' ? 'esm' : 'iife',
    platform,
    target: 'es2022',
    charset: 'utf8',
    write: false,
    logLevel: 'silent'
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

/** The texts of both bundles. */
export const bundles = async (): Promise<{ readonly script: string; readonly page: string }> => {
  const source = await sourceOf('block-linear-3')
  if (E.isLeft(source)) throw new Error(source.left.message)
  const network = literal(source.right)
  const torch = await readFile(path.join(root, 'bench/gpu/torch_peer.py'), 'utf8')
  const script = await bundle(
    `import { start } from './start'\nprocess.exitCode = await start(${network}, ${JSON.stringify(torch)})`,
    'node'
  )
  const page = await bundle(`import { inPage } from './page'\nvoid inPage(${network})`, 'browser')
  return { script, page }
}

if (process.argv[1]?.endsWith('bundle.ts')) {
  const { script, page } = await bundles()
  const folder = path.join(root, 'dist/bench')
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'gpu-bench.mjs'), script)
  const html = `<!doctype html><meta charset="utf-8"><title>gpu bench</title><pre></pre>\n<script>${page.replaceAll('</script', '<\\/script')}</script>\n`
  await writeFile(path.join(folder, 'gpu-bench.html'), html)
  console.log('dist/bench/gpu-bench.mjs and dist/bench/gpu-bench.html')
}
