/** Files, folders, standard input, and the writing of answers. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import test from 'tape'
import { show } from '../../runtime/io/errors'
import * as npy from '../../runtime/io/npy'
import { readArray, readSystem, readSystems } from '../../runtime/io/read'
import type { Limits } from '../../runtime/io/system'
import { writeArray } from '../../runtime/io/write'
import { shipped } from '../../runtime/package/root'
import { SAMPLES } from './fixtures'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-io-'))
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const put = (name: string, content: string | Uint8Array): string => {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

const relative = (message: string): string => message.split(`${folder}${path.sep}`).join('')

const solve = async (a: string, b?: string, limits?: Limits) => {
  const read = await readSystem(a, b, limits)()
  if (E.isLeft(read)) return relative(show(read.left))
  const { n, batch, A, b: side, bSource } = read.right
  return { n, batch, A: [...A], b: [...side], bSource }
}

const SPD = '%%MatrixMarket matrix coordinate real symmetric\n2 2 3\n1 1 2\n2 1 1\n2 2 3\n'
const A = [2, 1, 1, 3]

test('a system with and without a right-hand side', async (t) => {
  const a = put('A.mtx', SPD)
  const ones = { n: 2, batch: 1, A, b: [3, 4], bSource: 'ones' }
  const given = { n: 2, batch: 1, A, b: [5, 6], bSource: 'file' }
  t.deepEqual(await solve(a), ones, 'b = A * ones')
  for (const [name, content] of [
    ['b.csv', '5\n6\n'],
    ['row.csv', '5 6\n'],
    ['b.json', '[5, 6]'],
    ['b.mtx', '%%MatrixMarket matrix array real general\n2 1\n5\n6\n'],
    ['s.mtx', '%%MatrixMarket matrix coordinate real general\n2 1 2\n1 1 5\n2 1 6\n'],
    ['b.npy', npy.write([2], Float64Array.of(5, 6))],
    ['b.txt', '5\n6\n']
  ] as const) {
    t.deepEqual(await solve(a, put(name, content)), given, name)
  }
  t.deepEqual(await solve(put('A.json', '{"A": [[2, 1], [1, 3]], "b": [5, 6]}')), given, 'both in one JSON file')
  t.deepEqual(await solve(put('matrix', SPD)), ones, 'no extension')
  const columns = await readSystem(a, put('B.csv', '1 2 3\n4 5 6\n'))()
  t.ok(E.isRight(columns) && columns.right.rhs === 3, 'three right-hand sides')
  t.deepEqual(E.isRight(columns) && [...columns.right.b], [1, 4, 2, 5, 3, 6], 'one column after another')
  const declared = await readSystem(a)()
  t.ok(E.isRight(declared) && declared.right.symmetricDeclared, 'the file says symmetric')
  t.end()
})

test('a batch of systems', async (t) => {
  const a = put('batch.npy', npy.write([2, 2, 2], Float64Array.from([...A, 1, 0, 0, 4])))
  t.deepEqual(await solve(a), { n: 2, batch: 2, A: [...A, 1, 0, 0, 4], b: [3, 4, 1, 4], bSource: 'ones' })
  const b = put('batch-b.npy', npy.write([2, 2], Float64Array.of(1, 2, 3, 4)))
  t.deepEqual(await solve(a, b), { n: 2, batch: 2, A: [...A, 1, 0, 0, 4], b: [1, 2, 3, 4], bSource: 'file' })
  const one = put('one.npy', npy.write([2], Float64Array.of(1, 2)))
  t.equal(await solve(a, one), 'one.npy: b has the shape 2, expected 2 x 2 for A of 2 x 2 x 2')
  t.end()
})

test('each unusable input is one sentence', async (t) => {
  const a = put('A.mtx', SPD)
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    [path.join(folder, 'none.mtx'), undefined, 'none.mtx: there is no such file'],
    [path.join(a, 'x.mtx'), undefined, 'A.mtx/x.mtx: a part of the path is not a folder'],
    ['a\0b', undefined, 'a?b: the path holds a character that no path can hold'],
    [put('sub/A.mtx', SPD).slice(0, -6), undefined, 'sub: is a folder, expected a file'],
    [put('empty.mtx', ''), undefined, 'empty.mtx: the file is empty'],
    [put('x.bin', '\x00\x01'), undefined, 'x.bin:1: neither the extension nor the first line says a known format'],
    [put('x.npz', 'PK\x03\x04'), undefined, 'x.npz: byte 0: is an archive'],
    [put('wrong.mtx', '[[1]]'), undefined, "wrong.mtx:1: no banner: found '[[1]]' (its content looks like .json)"],
    [put('wide.csv', '1,2,3\n4,5,6\n'), undefined, 'wide.csv: A is not square: its shape is 2 x 3'],
    [put('v.json', '[1, 2]'), undefined, 'v.json: A has the shape 2, expected n x n or batch x n x n'],
    [put('zero.npy', npy.write([0, 0], new Float64Array(0))), undefined, 'zero.npy: A is empty'],
    [put('nan.csv', '1,2\n3,nan\n'), undefined, 'nan.csv:2: A is not finite: column 2: nan'],
    [put('inf.npy', npy.write([1, 1], Float64Array.of(Infinity))), undefined, 'inf.npy: byte 128: A is not finite'],
    [put('huge.csv', '1e308 1e308\n1 1\n'), undefined, 'huge.csv: b = A * ones overflows'],
    [
      put('sum.mtx', '%%MatrixMarket matrix coordinate real general\n1 1 2\n1 1 1e308\n1 1 1e308\n'),
      undefined,
      'sum.mtx: A[0][0] is not finite: the sum of the entries given for it overflows'
    ],
    [
      put('n.mtx', '%%MatrixMarket matrix coordinate real general\n60000 60000 1\n1 1 1\n'),
      undefined,
      'n.mtx: A has n = 60000 unknowns, above the limit of 20000 for dense solving'
    ],
    [
      a,
      put('long.csv', '1\n2\n3\n'),
      'long.csv: b has the shape 3 x 1, expected 2, 2 x 1 or 2 x columns for A of 2 x 2'
    ],
    [a, put('nanb.csv', '1\ninf\n'), 'nanb.csv:2: b is not finite: column 1: inf'],
    [a, path.join(folder, 'noside.mtx'), 'noside.mtx: there is no such file'],
    [put('both.json', '{"A": [[1]], "b": [1]}'), a, 'both.json: holds a right-hand side'],
    [a, put('system.json', '{"A": [[1]], "b": [1]}'), 'system.json: is a system, expected only b'],
    ['-', '-', 'standard input: only one of A and b']
  ]
  for (const [file, b, expected] of cases) {
    const got = await solve(file, b)
    t.ok(typeof got === 'string' && got.startsWith(expected), `${JSON.stringify(got)} | ${expected}`)
  }
  t.ok(String(await solve(a, undefined, { maxBytes: 10 })).includes('above the limit of 10'), 'a limit on the file')
  t.ok(String(await solve(a, undefined, { maxDenseBytes: 24 })).includes('above the limit of 2.4e+1'), 'a limit on A')
  t.end()
})

test('a file without permission is one sentence', async (t) => {
  const file = put('secret.mtx', SPD)
  chmodSync(file, 0)
  const got = await solve(file)
  if (typeof got !== 'string') t.comment('SKIPPED: this user may read every file')
  else t.equal(got, 'secret.mtx: no permission to read it')
  t.end()
})

test('a folder is a list of systems sorted by name', async (t) => {
  put('many/B.csv', '4\n')
  put('many/A.mtx', SPD)
  put('many/A.rhs.csv', '7\n8\n')
  put('many/notes.txt', 'not a matrix')
  put('many/C.json', '[[2]]')
  put('many/C.b.json', '[6]')
  const read = await readSystems(path.join(folder, 'many'))()
  const seen = E.isRight(read) ? read.right.map((s) => [path.basename(s.name), s.n, [...s.b], s.bSource]) : read.left
  t.deepEqual(seen, [
    ['A.mtx', 2, [7, 8], 'file'],
    ['B.csv', 1, [4], 'ones'],
    ['C.json', 1, [6], 'file']
  ])
  put('many/D.mtx', 'junk')
  const failed = await readSystems(path.join(folder, 'many'))()
  t.ok(E.isLeft(failed) && failed.left.file.endsWith('D.mtx') && failed.left.place === 'line 1', 'a bad one is named')
  put('none/readme.txt', '')
  const empty = await readSystems(path.join(folder, 'none'))()
  t.ok(E.isLeft(empty) && empty.left.reason === 'the folder holds no matrix', 'an empty folder')
  t.end()
})

test('standard input in every format', (t) => {
  const module = shipped('runtime', 'io', 'read.ts')
  const program = `import { readArray } from ${JSON.stringify(module)}
    const read = await readArray('-')()
    console.log(JSON.stringify(read._tag === 'Right' ? [read.right.name, read.right.format] : read.left))`
  const script = put('stdin.mts', program)
  const run = (input: Uint8Array): string =>
    execFileSync(process.execPath, ['--import', 'tsx', script], { input, encoding: 'utf8' })
  for (const [name, content] of SAMPLES.filter(([n]) => n.startsWith('a.'))) {
    t.equal(run(content).trim(), JSON.stringify(['standard input', name.slice(2)]), name)
  }
  t.ok(run(new Uint8Array(0)).includes('the file is empty'), 'no input at all')
  t.end()
})

test('answers are written whole, in the format of the extension, and nothing is left beside them', async (t) => {
  const target = path.join(folder, 'out')
  mkdirSync(target)
  const x = Float64Array.of(1 / 3, -0, 1e300)
  for (const name of ['x.npy', 'x.mtx', 'x.csv', 'x.json', 'x.npy']) {
    t.ok(E.isRight(await writeArray(path.join(target, name), [3], x)()), `${name} is written`)
    const back = await readArray(path.join(target, name))()
    const data = E.isLeft(back) ? null : back.right.A._tag === 'NdTable' ? back.right.A.data : back.right.A.entries
    const values = data === null ? [] : data instanceof Float64Array ? data : data._tag === 'Dense' ? data.data : []
    t.ok(values.length === 3 && x.every((v, k) => Object.is(v, values[k])), `${name} reads back`)
  }
  t.deepEqual(readdirSync(target).sort(), ['x.csv', 'x.json', 'x.mtx', 'x.npy'], 'no temporary file')
  const failures: readonly (readonly [string, string])[] = [
    [path.join(target, 'x.xyz'), 'out/x.xyz: the extension says no known format'],
    [path.join(target, 'none', 'x.npy'), 'out/none/x.npy: its folder does not exist']
  ]
  for (const [file, expected] of failures) {
    const written = await writeArray(file, [3], x)()
    t.ok(E.isLeft(written) && relative(show(written.left)).startsWith(expected), expected)
  }
  mkdirSync(path.join(target, 'd.npy'))
  const onFolder = await writeArray(path.join(target, 'd.npy'), [3], x)()
  t.ok(E.isLeft(onFolder) && statSync(path.join(target, 'd.npy')).isDirectory(), 'a folder is not replaced')
  t.deepEqual(readFileSync(path.join(target, 'x.csv'), 'utf8'), '0.3333333333333333\n-0\n1e+300\n')
  t.end()
})
