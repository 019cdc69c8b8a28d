/** Every example runs and finds what it is there to show. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { files } from '../../examples/systems/make'
import { packageRoot } from '../../runtime/package/root'

const root = packageRoot()

const run = (name: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
  spawnSync(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], { cwd: root, encoding: 'utf8' })

test('examples/solve.ts', (t) => {
  const { status, stdout, stderr } = run('solve')
  t.equal(status, 0, `runs ${stderr}`)
  t.match(stdout, /^certified: backward error \S+e-1\d, by the path "(neural|refined)"$/m, 'one system is certified')
  t.match(stdout, /^refused: A is not square/m, 'a matrix that is not square is refused')
  t.match(stdout, /^\[\[1, 1\], \[1, 1\]\]: singular$/m, 'a singular matrix is not certified')
  t.match(
    stdout,
    /^10000 systems of 9 unknowns on (cpu|wasm|webasm|wgsl|webgpu) \(.+\)/m,
    'it says where the batch ran'
  )
  t.match(stdout, /^status: 10000 certified; path: 10000 (neural|refined)$/m, 'all of the batch by the network')
  t.end()
})

test('examples/architecture.ts', (t) => {
  const { status, stdout, stderr } = run('architecture')
  t.equal(status, 0, `runs ${stderr}`)
  t.match(stdout, /^damped-2 : .* 22 parameters, any n$/m, 'prints the tree')
  t.match(stdout, /^A model with a mistake in it: readout\.query: expected a part called H2/m, 'names a mistake')
  const loss = Number(/mean square error (\S+)/.exec(stdout)?.[1])
  t.ok(loss < 1e-5, `training reaches ${loss}`)
  t.match(stdout, /^Its own answer for n = 24: status proposed/m, 'the unrefined answer is labelled so')
  t.match(stdout, /^Refined: status certified/m, 'the refined one is certified')
  t.match(
    stdout,
    /^Path: refined, \d+ passes on (cpu|wasm|webasm|wgsl|webgpu|interpreter) /m,
    'by its own network, and it says where'
  )
  t.end()
})

test('examples/differential.ts', (t) => {
  const { status, stdout, stderr } = run('differential')
  t.equal(status, 0, `runs ${stderr}`)
  const parts = stdout.split('\n\n')
  const faulty = parts.find((part) => part.includes('fault planted')) ?? ''
  t.ok(/FAIL kernels/.test(faulty) && /FAIL forward/.test(faulty), 'the planted fault is noticed')
  t.notOk(
    parts.some((part) => part !== faulty && part.includes('FAIL')),
    'nothing else fails'
  )
  for (const name of (process.env['ANSATZ_REQUIRE_BACKENDS'] ?? 'cpu').split(',').filter(Boolean)) {
    t.ok(
      parts.some((part) => part.trim().startsWith(`${name} (`) && part.includes('ok   kernels')),
      `${name} is judged`
    )
  }
  t.end()
})

test('examples/benchmark.ts', (t) => {
  const { status, stdout, stderr } = run('benchmark')
  t.equal(status, 0, `runs ${stderr}`)
  t.match(
    stdout,
    /^damped-2, n = 9, \d+ systems a call, on (cpu|wasm|webasm|wgsl|webgpu) \(.+\)$/m,
    'says where it ran'
  )
  const lines = stdout.split('\n').filter((line) => / ms {3}median of \d+$/.test(line))
  t.ok(lines.length > 5, `${lines.length - 1} kernels and the whole are timed`)
  t.end()
})

test('the example system', (t) => {
  for (const [name, text] of Object.entries(files())) {
    t.equal(readFileSync(path.join(root, 'examples/systems', name), 'utf8'), text, `${name} is what make.ts makes`)
  }
  t.end()
})
