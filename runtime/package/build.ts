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

/** What an import leads to, by what it is written as and the file that it stands in; null leaves it to the bundle. */
type Elsewhere = (specifier: string, importer: string) => string | null

/** Imports that lead to other files of the package. */
const elsewhere = (file: Elsewhere): esbuild.Plugin => ({
  name: 'files of their own',
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ path: specifier, kind, importer }) => {
      const found = kind === 'dynamic-import' ? file(specifier, importer) : null
      return found === null ? undefined : { path: `./${found}.js`, external: true }
    })
  }
})

/** A module of ours by its path in the repository, without its ending, from what an import says in a file. */
const moduleOf = (specifier: string, importer: string): string =>
  path.relative(root, path.resolve(path.dirname(importer), specifier)).replaceAll(path.sep, '/')

/** What the library exports besides importing it later: it is there in any case, and a later import would only cut files. */
const there: readonly string[] = [
  'runtime/backends/probe',
  'runtime/solve/compiled',
  'runtime/solve/interpreted',
  'runtime/weights/counted',
  'runtime/weights/specialise'
]

/** Imports at once of what is there in any case. */
const atOnce: esbuild.Plugin = {
  name: 'at once',
  setup: ({ onLoad }) => {
    onLoad({ filter: /runtime[\\/](?:solve|backends)[\\/][^\\/]+\.ts$/ }, ({ path: file }) => {
      const lines: string[] = []
      const text = readFileSync(file, 'utf8').replace(/\bawait import\('(\.[^']+)'\)/g, (later, specifier: string) => {
        if (!there.includes(moduleOf(specifier, file))) return later
        const name = `there${lines.length}`
        lines.push(`import * as ${name} from '${specifier}'\n`)
        return name
      })
      return { contents: lines.join('') + text, loader: 'ts' }
    })
  }
}

/** gpu.js, wherever it is asked for. */
const toGpujs: Elsewhere = (specifier) => (specifier === 'gpu.js' ? gpujs : null)

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

/** commander can start programs, which ours never asks of it: Node's `child_process` would be read for nothing, eight modules. */
const withoutPrograms: esbuild.Plugin = {
  name: 'without programs',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'when asked', namespace: 'programs' } : undefined
    )
    onLoad({ filter: /./, namespace: 'programs' }, () => ({
      contents: `exports.spawn = (...all) => require('node:child_process').spawn(...all)`
    }))
  }
}

const shebang = '#!/usr/bin/env node\n'

/** What a chunk needs that holds CommonJS code: `require`, for Node's own modules and for what the user installed. */
const commonJs = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`

const finish = (name: string, text: string): string => {
  const body = text.replace(/^#!.*\n/, '')
  const whole = /\b__require ?= ?/.test(body) ? commonJs + body : body
  return name === 'ansatz.js' ? shebang + whole : whole
}

const whatComesOut = { metafile: true, write: false } as const

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
  // Less to read; names and lines stay, so that a stack trace still says where.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  legalComments: 'inline',
  absWorkingDir: root,
  logLevel: 'warning',
  ...whatComesOut
} as const satisfies esbuild.BuildOptions

export interface Built {
  /** Bytes by file, relative to the output folder. */
  readonly sizes: Readonly<Record<string, number>>
  /** The sources in each file of code, relative to the package's folder. */
  readonly sources: Readonly<Record<string, readonly string[]>>
  /** The packages whose code is in it. */
  readonly packages: readonly string[]
}

/** What stands beside the command line's own code, as a first answer needs it. */
const quick: readonly string[] = ['runtime/cli/commands/solve', 'runtime/solve/interpreted']

/** The file that a module of ours is built into where it is a file of its own. */
const fileOf = (module: string): string =>
  module.replace('runtime/cli/commands/', 'command-').replace('runtime/', '').replaceAll('/', '-')

type Result = esbuild.BuildResult<esbuild.BuildOptions & typeof whatComesOut>

const together = (
  out: string,
  entryPoints: Readonly<Record<string, string>>,
  file: Elsewhere = toGpujs
): Promise<Result> =>
  esbuild.build({
    ...bundled,
    outdir: out,
    entryPoints,
    splitting: entryPoints['spec'] === undefined,
    plugins: [
      elsewhere(file),
      whenCalled('ndarray-ops'),
      withoutPrograms,
      ...(entryPoints['index'] === undefined ? [] : [atOnce])
    ]
  })

/** The command line with what is quick, and then all that it may import later: see Note [What stands together]. */
const commandLine = async (out: string): Promise<readonly Result[]> => {
  const later = new Map<string, string>()
  const first = await together(out, { ansatz: entries['ansatz']! }, (specifier, importer) => {
    if (!specifier.startsWith('.')) return toGpujs(specifier, importer)
    const module = moduleOf(specifier, importer)
    if (quick.includes(module)) return null
    later.set(fileOf(module), `${module}.ts`)
    return fileOf(module)
  })
  return [first, await together(out, Object.fromEntries([...later].sort()))]
}

const alone = (out: string, name: string, contents: string): Promise<Result> =>
  esbuild.build({
    ...bundled,
    minifyWhitespace: false,
    minifySyntax: false,
    outfile: path.join(out, `${name}.js`),
    stdin: { contents, resolveDir: root }
  })

const bundles = async (out: string): Promise<readonly Result[]> =>
  (
    await Promise.all([
      commandLine(out),
      ...['index', 'backends', 'spec'].map(async (name) => [await together(out, { [name]: entries[name]! })]),
      alone(out, gpujs, gpujsText()).then((made) => [made])
    ])
  ).flat()

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
built by itself: the command line with solving and the interpreter, the library, its backends alone; and all that the command line imports only
later, in a build of its own that shares nothing with it, or every import would cut its files once more. What the library has in any case it imports at once, for the same reason. They
hold the same code again, which costs space on the disk alone; no module keeps anything that the other copy would need. gpu.js, the largest part, is there once. The
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
ndarray-ops makes some two hundred functions as it is read, and the interpreter, which calls three, stands on few ways:
reading it waits for the first call, which a network that is a polynomial never makes. `webgpu` is a native addon, an optional dependency. fp-ts is both: the code is bundled, because Node finds no
`fp-ts/Either` in an ES module (a folder), and it is a dependency, because its types are in our interface; its values
are plain objects, so two copies agree. Names are kept, and gpu.js, which reads the text of functions, stands as it is written.
*/
