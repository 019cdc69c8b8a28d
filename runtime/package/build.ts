/**
 * Builds `dist/`, which is what the package ships: the command line, the library and the specs as ES modules that
 * share chunks (a command's chunk is read when the command runs), their declarations, and the licences of bundled code.
 *
 * See Note [What is bundled].
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import * as esbuild from 'esbuild'
import { writeDeclarations } from './declarations'
import { bundledPackages, licences } from './licences'
import { packageRoot } from './root'

const root = packageRoot()

const fromRoot = createRequire(path.join(root, 'package.json'))

const entries: Readonly<Record<string, string>> = {
  ansatz: 'runtime/cli/main.ts',
  index: 'runtime/index.ts',
  spec: 'spec/index.ts'
}

/** Packages with native code, which are there or not where the package is installed. */
const native: readonly string[] = ['webgpu', 'gl']

/** Packages that `ansatz reproduce` draws with; they are asked for by name where they are missing. */
const drawing: readonly string[] = ['vega', 'vega-lite', '@resvg/resvg-wasm', 'dejavu-fonts-ttf']

/**
 * Gives an imported CommonJS package its names, as Node does: esbuild's chunk of one exports `default` alone.
 */
const named = (name: string): esbuild.Plugin => ({
  name: `names of ${name}`,
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /./ }, ({ path: specifier, kind }) =>
      specifier === name && kind === 'dynamic-import' ? { path: name, namespace: 'named' } : undefined
    )
    onLoad({ filter: /./, namespace: 'named' }, () => ({
      contents: `import whole from '${name}'\nexport const { ${Object.keys(fromRoot(name)).join(', ')} } = whole\n`,
      resolveDir: root
    }))
  }
})

/** In a bundle, `require` of a bundled package reads it on the spot. */
const within = 'require'

/** Reads a CommonJS package when the first of its functions is called, and not before. */
const whenCalled = (name: string): esbuild.Plugin => ({
  name: `${name} when called`,
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /./ }, ({ path: specifier, kind }) =>
      specifier === name && kind === 'import-statement' ? { path: name, namespace: 'when-called' } : undefined
    )
    onLoad({ filter: /./, namespace: 'when-called' }, () => ({
      contents: `const read = () => ${within}(${JSON.stringify(name)})\nexport default { ${Object.keys(fromRoot(name))
        .map((key) => `${key}: (...all) => read().${key}(...all)`)
        .join(', ')} }\n`,
      resolveDir: root
    }))
  }
})

const shebang = '#!/usr/bin/env node\n'

/** What a chunk needs that holds CommonJS code: `require`, for Node's own modules and for what the user installed. */
const commonJs = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`

const finish = (name: string, text: string): string => {
  const body = text.replace(/^#!.*\n/, '')
  const whole = body.includes('var __require = ') ? commonJs + body : body
  return name === 'ansatz.js' ? shebang + whole : whole
}

const bundled = {
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20',
  external: [...native, ...drawing],
  plugins: [named('gpu.js'), whenCalled('ndarray-ops')],
  // Text without characters beyond Latin 1 takes half the memory, and is read faster.
  charset: 'ascii',
  legalComments: 'inline',
  metafile: true,
  write: false,
  logLevel: 'warning'
} as const satisfies esbuild.BuildOptions

export interface Built {
  /** Bytes by file, relative to the output folder. */
  readonly sizes: Readonly<Record<string, number>>
  /** The sources in each file of code, relative to the package's folder. */
  readonly sources: Readonly<Record<string, readonly string[]>>
  /** The packages whose code is in it. */
  readonly packages: readonly string[]
}

const bundle = (out: string, names: readonly string[]): Promise<esbuild.BuildResult<typeof bundled>> =>
  esbuild.build({
    ...bundled,
    absWorkingDir: root,
    outdir: out,
    entryPoints: Object.fromEntries(names.map((name) => [name, entries[name]!])),
    splitting: names.length > 1
  })

/** Builds into a folder, which it empties first; `declarations: false` leaves out the types (a second or two). */
export const build = async (out: string, { declarations }: { readonly declarations: boolean }): Promise<Built> => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(path.join(out, 'types'), { recursive: true })
  // The specs are a bundle of their own, which any runtime can read: nothing of Node may come in by a shared chunk.
  const results = [await bundle(out, ['ansatz', 'index']), await bundle(out, ['spec'])]
  const sizes: Record<string, number> = {}
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(out, file)), { recursive: true })
    writeFileSync(path.join(out, file), text)
    sizes[file.replaceAll(path.sep, '/')] = Buffer.byteLength(text)
  }
  for (const { path: file, text } of results.flatMap(({ outputFiles }) => outputFiles)) {
    const name = path.relative(out, file)
    put(name, finish(name, text))
  }
  chmodSync(path.join(out, 'ansatz.js'), 0o755)
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs))
  put('LICENSES.txt', licences(root, inputs))
  if (declarations) writeDeclarations(root, [entries['index']!, entries['spec']!], path.join(out, 'types'))
  rmSync(path.join(out, 'types/tsconfig.json'), { force: true })
  const sources = Object.fromEntries(
    results
      .flatMap(({ metafile }) => Object.entries(metafile.outputs))
      .map(([file, made]) => [path.relative(out, path.resolve(root, file)), Object.keys(made.inputs)])
  )
  return { sizes, sources, packages: bundledPackages(inputs).map((folder) => folder.replace(/.*node_modules\//, '')) }
}

const main = async (): Promise<void> => {
  const missing = Object.values(entries).filter((entry) => !existsSync(path.join(root, entry)))
  if (missing.length > 0) throw new Error(`internal: there is no ${missing.join(', no ')}`)
  const { sizes } = await build(path.join(root, 'dist'), { declarations: true })
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0)
  console.error(`dist: ${Object.keys(sizes).length} files, ${Math.round(total / 1024)} KB, and declarations`)
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === import.meta.filename) await main()

/*
Note [What is bundled]
~~~~~~~~~~~~~~~~~~~~~~
gpu.js asks for `gl`, which compiles for minutes where a compiler is found, and for an old `webgpu` of 84 MB that it
never imports. npm's `overrides` hold in this repository alone, not where our package is installed. So gpu.js is
bundled, and is no dependency of the package; its `require('gl')` still finds the `gl` that a user has installed, and
its headless GL works then. The other libraries are bundled too: they are small, and one file is read faster than many.
Those that draw plots are large, and `ansatz reproduce` alone wants them: they are neither bundled nor dependencies.
ndarray-ops makes some two hundred functions as it is read, and the interpreter, which calls four, stands on few ways:
reading it waits for the first call. `webgpu` is a native addon, an optional dependency. fp-ts is both: the code is bundled, because Node finds no
`fp-ts/Either` in an ES module (a folder), and it is a dependency, because its types are in our interface; its values
are plain objects, so two copies agree. Names are kept and nothing is minified: gpu.js reads the text of functions.
*/
