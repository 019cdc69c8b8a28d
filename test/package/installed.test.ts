/**
 * The packed package, installed into an empty project by npm, is small, quiet and works.
 * Needs npm's registry, and so runs only where ANSATZ_TEST_PACKAGE=1 asks for it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'
import { packageRoot } from '../../runtime/package/root'
import { program } from './consumer'

const root = packageRoot()

const npm = (cwd: string, ...args: readonly string[]) =>
  spawnSync('npm', args, { cwd, encoding: 'utf8', timeout: 300_000, shell: process.platform === 'win32' })

const packages = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(path.join(folder, name)).map((n) => `${name}/${n}`) : [name]
    )
    .sort()

test('pack, install into an empty project, run', (t) => {
  if (process.env['ANSATZ_TEST_PACKAGE'] !== '1') {
    t.skip('needs the network; ANSATZ_TEST_PACKAGE=1 runs it')
    return t.end()
  }
  const user = mkdtempSync(path.join(tmpdir(), 'ansatz-package-'))
  try {
    const packed = npm(root, 'pack', '--pack-destination', user)
    t.equal(packed.status, 0, packed.status === 0 ? 'npm pack' : packed.stderr)
    const tarball = readdirSync(user).find((file) => file.endsWith('.tgz')) ?? 'no tarball'
    writeFileSync(path.join(user, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }')

    const start = performance.now()
    const installed = npm(user, 'install', '--no-audit', '--no-fund', `./${tarball}`)
    t.comment(`npm install: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    t.equal(installed.status, 0, installed.status === 0 ? 'npm install' : installed.stderr)
    t.notOk(
      /deprecated|EBADENGINE|ERESOLVE|vulnerabilit|gyp|npm error/i.test(installed.stderr),
      'nothing alarming is said'
    )

    const modules = path.join(user, 'node_modules')
    const names = packages(modules)
    t.comment(names.join(', '))
    for (const name of ['gl', 'gpu.js', 'ndarray', 'esbuild', 'typescript', 'tsx', 'zod']) {
      t.notOk(names.includes(name), `${name} is not installed`)
    }
    t.ok(names.length <= 8, `${names.length} packages`)
    const webgpu = path.join(modules, 'webgpu/package.json')
    if (existsSync(webgpu)) {
      t.equal((JSON.parse(readFileSync(webgpu, 'utf8')) as { version: string }).version, '0.6.2', 'our webgpu')
    } else t.comment('skipped: webgpu is optional and was not installed')
    t.notOk(existsSync(path.join(modules, 'ansatz/node_modules')), 'no second copies')

    const system = path.join(modules, 'ansatz/examples/systems/bridge.mtx')
    const solved = npm(user, 'exec', '--no', '--', 'ansatz', 'solve', system, '--json')
    t.equal(solved.status, 0, solved.status === 0 ? 'npx ansatz solve' : solved.stderr)
    t.ok(solved.stdout.includes('"certified"'), 'certified')

    writeFileSync(path.join(user, 'program.js'), program)
    const ran = spawnSync(process.execPath, ['program.js'], { cwd: user, encoding: 'utf8', timeout: 120_000 })
    t.equal(ran.status, 0, ran.status === 0 ? 'the library' : ran.stderr)
    t.ok(ran.stdout.includes('"certified"'), ran.stdout)
  } finally {
    rmSync(user, { recursive: true, force: true })
  }
  t.end()
})
