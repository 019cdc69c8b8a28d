/** Reads the import lines of sources and judges them by the table of rooms: what each room may import. */
import path from 'node:path'

export interface Source {
  /** Path from the root of the repository, with forward slashes. */
  readonly file: string
  readonly text: string
}

const statement = /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"\n]+)['"]/gm
const bare = /^[ \t]*import\s*['"]([^'"\n]+)['"]/gm
const call = /\b(?:import|require)\(\s*(?:['"]([^'"\n]+)['"]\s*\)|([^)\n]*)\))/g

const withoutComments = (text: string): string =>
  text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/^[ \t]*\/\/.*$/gm, '')

/** Every specifier that a source imports, types included; one that is computed reads `computed: ...`. */
export const specifiers = (text: string): readonly string[] => {
  const code = withoutComments(text)
  const fixed = [statement, bare].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!))
  return [...fixed, ...[...code.matchAll(call)].map((match) => match[1] ?? `computed: ${match[2]!}`)]
}

interface Room {
  /** Folders that it may import from, itself included. */
  readonly rooms: readonly string[]
  /** Packages that it may import; `node:` stands for Node's own modules. */
  readonly packages: readonly string[]
}

const libraries = ['fp-ts', 'ndarray', 'ndarray-ops', 'zod', 'node:']
const all = ['spec', 'codegen', 'runtime']

/** The first folder that contains a file is its room: the narrow ones stand first. */
const rooms: Readonly<Record<string, Room>> = {
  'spec/': { rooms: ['spec/'], packages: ['fp-ts'] },
  'codegen/': { rooms: ['spec/', 'codegen/'], packages: ['fp-ts'] },
  'runtime/interpreter/': { rooms: ['spec/', 'runtime/'], packages: libraries },
  'runtime/gpujs/': { rooms: all.map((room) => `${room}/`), packages: [...libraries, 'gpu.js'] },
  'runtime/cli/': {
    rooms: all.map((room) => `${room}/`),
    packages: [...libraries, 'commander', 'cli-progress', 'simple-ascii-chart']
  },
  'runtime/package/': { rooms: all.map((room) => `${room}/`), packages: [...libraries, 'esbuild'] },
  'runtime/reproduce/': {
    rooms: all.map((room) => `${room}/`),
    packages: [...libraries, 'vega', 'vega-lite', '@resvg/resvg-wasm']
  },
  'runtime/': { rooms: all.map((room) => `${room}/`), packages: libraries },
  'examples/': {
    rooms: [...all, 'examples'].map((room) => `${room}/`),
    packages: [...libraries, 'tape', 'benchmark', 'ansatz']
  },
  'test/': {
    rooms: [...all, 'test', 'bench', 'examples'].map((room) => `${room}/`),
    packages: [...libraries, 'tape', 'tap-parser', 'fast-check', 'ml-matrix', 'esbuild', 'ansatz']
  },
  'bench/peers/': {
    rooms: [...all, 'bench'].map((room) => `${room}/`),
    packages: [
      ...libraries,
      'commander',
      'ml-matrix',
      '@jax-js/jax',
      '@tensorflow/tfjs',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-backend-wasm',
      'onnxruntime-common',
      'onnxruntime-node',
      'onnxruntime-web'
    ]
  },
  'bench/': {
    rooms: [...all, 'bench', 'examples'].map((room) => `${room}/`),
    packages: [...libraries, 'benchmark', 'ml-matrix', 'commander', 'esbuild']
  }
}

/** The one file that may import by a computed name: it hides what only Node has from bundlers of pages. */
const mayCompute = 'runtime/webgpu/node.ts'

const roomOf = (file: string): Room | undefined =>
  Object.entries(rooms).find(([folder]) => file.startsWith(folder))?.[1]

const packageOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? 'node:'
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

/** The file of the repository that a relative specifier means, or null. */
const target = (from: string, specifier: string, files: ReadonlySet<string>): string | null => {
  const joined = path.posix.join(path.posix.dirname(from), specifier)
  const candidates = [joined, `${joined}.ts`, `${joined}/index.ts`, joined.replace(/\.js$/, '.ts')]
  return candidates.find((candidate) => files.has(candidate)) ?? null
}

/** Which files each file imports. */
export type Graph = ReadonlyMap<string, readonly string[]>

export const graph = (sources: readonly Source[]): Graph => {
  const files = new Set(sources.map(({ file }) => file))
  return new Map(
    sources.map(({ file, text }) => [
      file,
      specifiers(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => target(file, specifier, files))
        .filter((found) => found !== null)
    ])
  )
}

/** One sentence for every import line that the table does not allow. */
export const forbiddenImports = (sources: readonly Source[]): readonly string[] => {
  const files = new Set(sources.map(({ file }) => file))
  return sources.flatMap(({ file, text }) => {
    const room = roomOf(file)
    if (room === undefined) return [`${file} is in no room of the table`]
    return specifiers(text).flatMap((specifier) => {
      if (specifier.startsWith('computed: ')) {
        return file === mayCompute ? [] : [`${file} imports by a computed name, ${specifier.slice(10)}`]
      }
      if (!specifier.startsWith('.')) {
        return room.packages.includes(packageOf(specifier)) ? [] : [`${file} may not import the package ${specifier}`]
      }
      const found = target(file, specifier, files) ?? path.posix.join(path.posix.dirname(file), specifier)
      return room.rooms.some((folder) => found.startsWith(folder)) ? [] : [`${file} may not import ${found}`]
    })
  })
}

/** One shortest path from a file under `from` to a file under `to`, over any number of imports, for each such file. */
export const reaches = (imports: Graph, from: string, to: string): readonly string[] =>
  [...imports.keys()]
    .filter((file) => file.startsWith(from))
    .flatMap((start) => {
      const seen = new Set([start])
      const queue: string[][] = [[start]]
      for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
        const last = way.at(-1)!
        if (last.startsWith(to)) return [way.join(' -> ')]
        for (const next of imports.get(last) ?? []) {
          if (!seen.has(next)) queue.push([...way, next])
          seen.add(next)
        }
      }
      return []
    })

/** Every circle of imports that a walk in depth closes, types included. */
export const circles = (imports: Graph): readonly string[] => {
  const done = new Set<string>()
  const found: string[] = []
  const walk = (file: string, way: readonly string[]): void => {
    const first = way.indexOf(file)
    if (first >= 0) found.push([...way.slice(first), file].join(' -> '))
    else if (!done.has(file)) {
      for (const next of imports.get(file) ?? []) walk(next, [...way, file])
      done.add(file)
    }
  }
  for (const file of imports.keys()) walk(file, [])
  return found
}
