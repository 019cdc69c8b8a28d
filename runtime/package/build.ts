/**
 * Builds `dist/`, which is what the package ships: the command line, the library and the specs as ES modules (a command is
 * read when it runs), their declarations, and the licences of bundled code.
 *
 * See Note [What is bundled].
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  backends: 'runtime/backends/index.ts',
  spec: 'spec/index.ts'
}

/** Packages with native code, which are there or not where the package is installed. */
const native: readonly string[] = ['webgpu', 'gl']

/** Packages that draw plots of reports; they are asked for by name where they are missing. */
const drawing: readonly string[] = ['vega', 'vega-lite', '@resvg/resvg-wasm', 'dejavu-fonts-ttf']

/** gpu.js stands in a file of its own, which every other file imports where it opens one of its backends. */
const gpujs = 'gpu-js'

/**
 * What gpu.js's file holds: an imported CommonJS package with its names, as Node gives them; esbuild's has `default` alone.
 */
const gpujsText = (): string =>
  `import whole from 'gpu.js'\nexport const { ${Object.keys(fromRoot('gpu.js')).join(', ')} } = whole\n`

/** Imports that lead to other files of the package, by what they are written as. */
const elsewhere = (file: (specifier: string) => string | null): esbuild.Plugin => ({
  name: 'files of their own',
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ path: specifier, kind }) => {
      const found = kind === 'dynamic-import' ? file(specifier) : null
      return found === null ? undefined : { path: `./${found}.js`, external: true }
    })
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
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20',
  external: [...native, ...drawing],
  // Text without characters beyond Latin 1 takes half the memory, and is read faster.
  charset: 'ascii',
  // See Note [Arrows].
  supported: { arrow: false },
  legalComments: 'inline',
  absWorkingDir: root,
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

/** The commands by the files that the command line imports them from. */
const commands = (): readonly string[] => {
  const text = readFileSync(path.join(root, entries['ansatz']!), 'utf8')
  return [...text.matchAll(/'\.\/commands\/([a-z-]+)'/g)].map((match) => match[1]!)
}

const commandFile = (name: string): string => `command-${name}`

/** The one command whose code stands beside the command line's own. */
const quick = 'solve'

type Result = esbuild.BuildResult<typeof bundled>

const together = (out: string, entryPoints: Readonly<Record<string, string>>): Promise<Result> =>
  esbuild.build({
    ...bundled,
    outdir: out,
    entryPoints,
    splitting: entryPoints['spec'] === undefined,
    plugins: [
      elsewhere((specifier) => {
        if (specifier === 'gpu.js') return gpujs
        const command = /^\.\/commands\/([a-z-]+)$/.exec(specifier)?.[1]
        return command === undefined || command === quick ? null : commandFile(command)
      })
    ]
  })

const alone = (out: string, name: string, contents: string): Promise<Result> =>
  esbuild.build({ ...bundled, outfile: path.join(out, `${name}.js`), stdin: { contents, resolveDir: root } })

/** See Note [What stands together]. */
const bundles = (out: string): Promise<readonly Result[]> =>
  Promise.all([
    together(out, { ansatz: entries['ansatz']! }),
    together(out, { index: entries['index']! }),
    together(out, { backends: entries['backends']! }),
    together(
      out,
      Object.fromEntries(
        commands()
          .filter((name) => name !== quick)
          .map((name) => [commandFile(name), `runtime/cli/commands/${name}.ts`])
      )
    ),
    together(out, { spec: entries['spec']! }),
    alone(out, gpujs, gpujsText())
  ])

/** Builds into a folder, which it empties first; `declarations: false` leaves out the types (a second or two). */
export const build = async (out: string, { declarations }: { readonly declarations: boolean }): Promise<Built> => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(path.join(out, 'types'), { recursive: true })
  const results = await bundles(out)
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
  if (declarations)
    writeDeclarations(
      root,
      ['index', 'backends', 'spec'].map((name) => entries[name]!),
      path.join(out, 'types')
    )
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
Note [What stands together]
~~~~~~~~~~~~~~~~~~~~~~~~~~~
Node takes about half a millisecond to find, read and link a file, and esbuild cuts a file for every set of entries that share
code: with the command line, its commands and the library in one build, a first answer took forty files. So what starts is
built by itself: the command line with solving, the library, its backends alone, and the other commands among themselves. They
hold the same code again, which costs space on the disk alone, as a process starts in one of them. gpu.js, the largest part, is there once. The
specs are a bundle of their own, which any runtime can read: nothing of Node may come in by a shared file.

Note [Arrows]
~~~~~~~~~~~~~
V8 skips the bodies of functions until they are called, but not those of arrows without braces, `(a) => (b) => f(a, b)`, of which
most of our code consists: it parses them in full as the file is read. Written out as functions they are skipped; `npm run bench:start`
times what is read.

Note [What is bundled]
~~~~~~~~~~~~~~~~~~~~~~
gpu.js asks for `gl`, which compiles for minutes where a compiler is found, and for an old `webgpu` of 84 MB that it
never imports. npm's `overrides` hold in this repository alone, not where our package is installed. So gpu.js is
bundled, and is no dependency of the package; its `require('gl')` still finds the `gl` that a user has installed, and
its headless GL works then. The other libraries are bundled too: they are small, and one file is read faster than many.
Those that draw plots are large, and reports alone want them: they are neither bundled nor dependencies.
`webgpu` is a native addon, an optional dependency. fp-ts is both: the code is bundled, because Node finds no
`fp-ts/Either` in an ES module (a folder), and it is a dependency, because its types are in our interface; its values
are plain objects, so two copies agree. Names are kept and nothing is minified: gpu.js reads the text of functions.
*/
