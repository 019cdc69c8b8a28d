/** What is built can be shipped: it needs nothing that an installer does not get, and finds what it ships. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules, createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'
import { build } from '../../runtime/package/build'
import { complete } from '../../runtime/package/declarations'
import { packageRoot, rootAbove } from '../../runtime/package/root'
import { specifiers } from '../rules/imports'
import { program, typed, wrong } from './consumer'

const root = packageRoot()
const node = (cwd: string, ...args: readonly string[]) =>
  spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 120_000 })

mkdirSync(path.join(root, '.scratch'), { recursive: true })
const user = mkdtempSync(path.join(root, '.scratch/package-'))
process.once('exit', () => rmSync(user, { recursive: true, force: true }))

// As npm lays it out: an empty project with the package, and what `files` of package.json names.
const home = path.join(user, 'node_modules/ansatz')
const dist = path.join(home, 'dist')
const { packages } = await build(dist, { declarations: true })
for (const file of ['package.json', 'checkpoints', 'examples/systems']) {
  cpSync(path.join(root, file), path.join(home, file), { recursive: true })
}
writeFileSync(path.join(user, 'package.json'), '{ "private": true, "type": "module" }')

const scripts = (readdirSync(dist, { recursive: true, encoding: 'utf8' }) as readonly string[]).filter((file) =>
  file.endsWith('.js')
)
const textOf = (file: string): string => readFileSync(path.join(dist, file), 'utf8')

/** Import statements of a bundle, where nothing else stands at the start of a line. */
const imports = (text: string): readonly string[] =>
  [...text.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom "([^"\n]+)"|^import "([^"\n]+)"/gm)].map(
    (match) => match[1] ?? match[2]!
  )

/** The files that are read when one is, dynamic imports left out. */
const readWith = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const specifier of imports(textOf(file)).filter((name) => name.startsWith('.'))) {
    readWith(path.join(path.dirname(file), specifier), seen)
  }
  return seen
}

test('the scripts import only what Node has', (t) => {
  const known = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)])
  for (const file of scripts) {
    const foreign = imports(textOf(file)).filter((name) => !name.startsWith('.') && !known.has(name))
    t.deepEqual(foreign, [], file)
  }
  t.end()
})

test('the specs import nothing at all', (t) => {
  t.deepEqual(imports(textOf('spec.js')), [])
  t.notOk(/\brequire\b\s*\(/.test(textOf('spec.js')))
  t.end()
})

test('gpu.js is read when a backend is opened, not before', (t) => {
  const holder = scripts.filter((file) => textOf(file).includes('WebAssemblyWorkerPool'))
  t.equal(holder.length, 1, `in ${holder.join()}`)
  for (const entry of ['ansatz.js', 'index.js']) t.notOk(readWith(entry).has(holder[0]!), `${entry} does not read it`)
  t.end()
})

test('every bundled package keeps its licence', (t) => {
  const text = textOf('LICENSES.txt')
  for (const name of ['gpu.js', 'acorn', 'ndarray', 'fp-ts', 'commander', 'simple-ascii-chart'])
    t.ok(packages.includes(name), `${name} is in`)
  for (const name of packages) t.ok(text.includes(`\n${name} `), `the licence of ${name}`)
  for (const name of ['gl', 'webgpu', 'tape', 'esbuild', 'tsx']) t.notOk(packages.includes(name), `${name} is not in`)
  t.end()
})

test('the command is a program', (t) => {
  t.ok(textOf('ansatz.js').startsWith('#!/usr/bin/env node\n'))
  if (process.platform !== 'win32') t.equal(statSync(path.join(dist, 'ansatz.js')).mode & 0o111, 0o111, 'executable')
  const { status, stdout, stderr } = node(user, path.join(dist, 'ansatz.js'), '--help')
  t.equal(status, 0, stderr)
  t.ok(stdout.includes('solve'))
  t.end()
})

test('the command solves a shipped system, and finds the shipped checkpoints', (t) => {
  const system = path.join(home, 'examples/systems/bridge.mtx')
  const solved = node(user, path.join(dist, 'ansatz.js'), 'solve', system, '--json', '--backend', 'webasm')
  t.equal(solved.status, 0, solved.stderr)
  t.ok(solved.stdout.includes('"certified"'), 'certified')
  const models = node(user, path.join(dist, 'ansatz.js'), 'models')
  t.equal(models.status, 0, models.stderr)
  for (const file of readdirSync(path.join(root, 'checkpoints')).filter((name) => name.endsWith('.safetensors'))) {
    t.ok(models.stdout.includes(path.basename(file, '.safetensors')), file)
  }
  t.end()
})

test('the command reproduce says what to install where its drawing libraries are missing, and draws where they are there', (t) => {
  const args = [
    'reproduce',
    'linear-transformer',
    '--quick',
    '--only',
    'closed-form',
    '--out',
    path.join(user, 'report')
  ]
  const alone = mkdtempSync(path.join(tmpdir(), 'ansatz-alone-'))
  try {
    for (const part of ['dist', 'checkpoints', 'package.json']) {
      cpSync(path.join(home, part), path.join(alone, part), { recursive: true })
    }
    const without = node(alone, path.join(alone, 'dist/ansatz.js'), ...args)
    t.equal(without.status, 5, without.stderr)
    t.ok(/^ansatz: plots are drawn by [^\n]*npm install vega [^\n]*\n$/.test(without.stderr), without.stderr)
  } finally {
    rmSync(alone, { recursive: true, force: true })
  }
  const drawn = node(user, path.join(dist, 'ansatz.js'), ...args)
  t.equal(drawn.status, 0, drawn.stderr)
  t.ok(statSync(path.join(user, 'report/closed-form.png')).size > 1000, 'a picture')
  for (const name of ['vega', 'vega-lite', '@resvg/resvg-wasm']) t.notOk(packages.includes(name), `${name} is not in`)
  t.end()
})

test('the library runs where it is installed', (t) => {
  writeFileSync(path.join(user, 'program.js'), program)
  const { status, stdout, stderr } = node(user, 'program.js')
  t.equal(status, 0, stderr)
  t.ok(stdout.includes('"certified"'), stdout)
  t.ok(stdout.includes('webasm'), 'on the backend that was asked for')
  t.end()
})

test('the types are found by both resolutions of TypeScript, and are strict', (t) => {
  writeFileSync(path.join(user, 'typed.ts'), typed)
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const strict = { noEmit: true, strict: true, skipLibCheck: false, target: 'ES2022', lib: ['ES2023', 'DOM'] }
  for (const [module, moduleResolution] of [
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler']
  ]) {
    const config = { compilerOptions: { ...strict, types: ['node'], module, moduleResolution }, files: ['typed.ts'] }
    writeFileSync(path.join(user, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = node(user, tsc, '-p', '.')
    const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
    const lines = typed.split('\n')
    const named = errors.map((error) => lines[Number(/\((\d+),/.exec(error)?.[1]) - 1] ?? error)
    t.equal(errors.length, wrong.length, `${moduleResolution}: ${errors.join(' ') || 'no errors'}`)
    t.ok(
      wrong.every((name) => named.some((line) => line.includes(name))),
      'the wrong lines are refused'
    )
  }
  t.end()
})

test('the tarball holds what is needed and no more', (t) => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32'
  })
  const answer = JSON.parse(listed) as readonly unknown[] | Readonly<Record<string, unknown>>
  const packed = (Array.isArray(answer) ? answer[0] : Object.values(answer)[0]) as {
    readonly files: readonly { readonly path: string }[]
  }
  const files = packed.files.map((file) => file.path)
  const allowed = /^(?:dist\/|checkpoints\/|examples\/systems\/[\w.-]+\.mtx$|README\.md$|LICENSE$|package\.json$)/
  t.deepEqual(
    files.filter((file) => !allowed.test(file)),
    []
  )
  for (const file of ['README.md', 'LICENSE', 'examples/systems/bridge.mtx']) t.ok(files.includes(file), file)
  t.end()
})

test('package.json asks an installer for little, and for no more than it ships', (t) => {
  const { dependencies, optionalDependencies, bin, main, types } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8')
  ) as Readonly<Record<string, Readonly<Record<string, string>>>>
  t.deepEqual(Object.keys(dependencies ?? {}), ['@types/ndarray', 'fp-ts'])
  t.deepEqual(Object.keys(optionalDependencies ?? {}), ['webgpu'])
  for (const file of [bin?.['ansatz'], main, types])
    t.ok(statSync(path.join(home, String(file))).isFile(), String(file))
  t.end()
})

test('imports of declarations are completed', (t) => {
  const text = `import type { A } from './a'\nexport * as Z from '../zoo'\nconst t: import('fp-ts/Either').Either<A, Z>`
  const done = complete(text, (specifier) => specifier === './a', [])
  t.deepEqual(specifiers(done), ['./a.js', '../zoo/index.js', 'fp-ts/lib/Either.js'])
  const example = `/**\n *     import { a } from 'ansatz'\n */\n`
  t.equal(
    complete(example, () => true, []),
    example,
    'examples in comments stay'
  )
  t.throws(() => complete(`import { z } from 'zod'`, () => true, []), /internal: the library's types mention zod/)
  t.doesNotThrow(() => complete(`import { NdArray } from 'ndarray'`, () => true, ['@types/ndarray']))
  t.end()
})

test('the package finds its own folder', (t) => {
  t.equal(packageRoot(), root, 'from the sources')
  t.equal(rootAbove(path.join(dist, 'chunks')), home, 'from a chunk of the installed package')
  t.end()
})
