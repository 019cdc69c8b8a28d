/** CSV, JSON and the numbers in text files. */

import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'
import * as csv from '../../runtime/io/csv'
import { show } from '../../runtime/io/errors'
import * as json from '../../runtime/io/json'
import { decimal } from '../../runtime/io/scan'
import { toDense } from '../../runtime/io/table'
import { encode } from '../../runtime/io/write'
import { bytes } from './fixtures'

const table = (text: string): readonly (readonly number[])[] | string => {
  const parsed = csv.parse('a.csv', bytes(text))
  if (E.isLeft(parsed)) return show(parsed.left)
  const data = toDense(parsed.right, 1e6)
  const { rows, columns } = parsed.right
  if (E.isLeft(data)) return show(data.left)
  return Array.from({ length: rows }, (_, i) => [...data.right.subarray(i * columns, (i + 1) * columns)])
}

const system = (text: string): unknown => {
  const parsed = json.parse('a.json', bytes(text))
  if (E.isLeft(parsed)) return show(parsed.left)
  const { A, b } = parsed.right
  return { A: [A.shape, [...A.data]], b: b === null ? null : [b.shape, [...b.data]] }
}

test('decimal numbers are rounded as JavaScript rounds them', (t) => {
  const read = (s: string): number | undefined => decimal(bytes(s), 0, s.length)
  fc.assert(
    fc.property(fc.double(), (v) => Object.is(read(Object.is(v, -0) ? '-0' : String(v)), v)),
    { seed: 13, numRuns: 2000 }
  )
  const digits = fc.stringMatching(/^[0-9]{1,20}$/)
  fc.assert(
    fc.property(digits, digits, fc.integer({ min: -330, max: 330 }), (whole, part, e) => {
      const written = `${whole}.${part}e${e}`
      return Object.is(read(written), Number(written))
    }),
    { seed: 14, numRuns: 2000 }
  )
  for (const s of ['', '+', '.', 'e1', '1e', '1e+', '--1', '1.2.3', '0x1', '1 ', 'na', 'infi', '1n', '١', '1,0']) {
    t.equal(read(s), undefined, `'${s}' is no number`)
  }
  t.deepEqual(['1.', '.5', '+2', '1d1', '1D+1', '1E01'].map(read), [1, 0.5, 2, 10, 10, 10])
  t.deepEqual(['NaN', '-inf', '+Infinity', '1e999'].map(read), [Number.NaN, -Infinity, Infinity, Infinity])
  t.equal(read(`${'0'.repeat(5000)}1`), undefined, 'a number of 5000 characters')
  t.end()
})

test('csv: separators, comments, blank lines', (t) => {
  const expected = [
    [1, 2],
    [3, 4]
  ]
  const forms = ['1,2\n3,4', '1;2\n3;4\n', '1 2\n3  4\n', '\t1\t\t2 \n3\t4', '# c\n\n1 , 2\r\n\r\n 3,4\r\n#\n']
  for (const text of forms) t.deepEqual(table(text), expected, JSON.stringify(text))
  t.deepEqual(table('\xef\xbb\xbf5\n6\n'), [[5], [6]], 'byte order mark, one column')
  t.end()
})

test('csv: refusals name line, row and column', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['# only\n', 'a.csv:1: the file holds no numbers'],
    ['x,y\n1,2\n', "a.csv:1: row 1, column 1: expected a number, found 'x' (a table holds numbers only; remove a line"],
    ['1,2\n3,a\n', "a.csv:2: row 2, column 2: expected a number, found 'a'"],
    ['1,2\n\n3\n', 'a.csv:3: row 2 has 1 numbers, but the rows before it have 2'],
    ['1,2\n3,4,5\n', 'a.csv:2: row 2 has 3 numbers'],
    ['1,,2\n', 'a.csv:1: row 1, column 2: the field is empty'],
    ['1,2,\n', 'a.csv:1: row 1, column 3: the field is empty'],
    [',1\n', 'a.csv:1: row 1, column 1: the field is empty'],
    ['1,5;2\n', "a.csv:1: row 1, column 1: expected a number, found '1,5'"],
    ['1,2\n3,1e999\n', "a.csv:2: row 2, column 2: '1e999' is beyond the range"]
  ]
  for (const [text, expected] of cases) t.ok(String(table(text)).startsWith(expected), `${table(text)} | ${expected}`)
  t.end()
})

test('json: systems, batches and bare arrays', (t) => {
  const A = [
    [2, 2],
    [2, 1, 1, 3]
  ]
  t.deepEqual(system('{"A": [[2, 1], [1, 3]], "b": [3, 4]}'), { A, b: [[2], [3, 4]] })
  t.deepEqual(system(' {"b":[3,4],\n"A":[[2,1],[1,3]]} \n'), { A, b: [[2], [3, 4]] }, 'any order')
  t.deepEqual(system('[[2,1],[1,3]]'), { A, b: null })
  t.deepEqual(system('{"A":[[[1]],[[-2e-1]]],"b":[[1],[2]]}'), {
    A: [
      [2, 1, 1],
      [1, -0.2]
    ],
    b: [
      [2, 1],
      [1, 2]
    ]
  })
  t.end()
})

test('json: refusals name line and entry', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'a.json:1: the file is empty'],
    ['3', "a.json:1: not a system: found '3'"],
    ['"x"', 'a.json:1: not a system: found a string'],
    ['{}', 'a.json:1: the object is empty'],
    ['{"b": [1]}', "a.json:1: the key 'A' is missing"],
    ['{"A": [[1]],\n"c": 1}', "a.json:2: the key 'c' is not known"],
    ['{"__proto__": 1}', "a.json:1: the key '__proto__' is not known"],
    ['{"constructor": 1}', "a.json:1: the key 'constructor' is not known"],
    ['{"prototype": 1}', "a.json:1: the key 'prototype' is not known"],
    ['{"A": [[1]], "A": [[1]]}', "a.json:1: the key 'A' comes twice"],
    ['{"A": 1}', "a.json:1: A: expected an array of numbers, found '1}'"],
    ['[[1, 2],\n[3, null]]', 'a.json:2: A[1][1]: expected a number, found null'],
    ['[[1, 2],\n[3, "4"]]', 'a.json:2: A[1][1]: expected a number, found a string'],
    ['[[1, 2], [3, {}]]', 'a.json:1: A[1][1]: expected a number, found an object'],
    ['[[1, 2], [3, [4]]]', 'a.json:1: A[1][1]: expected a number, found an array'],
    ['[[1], 2]', "a.json:1: A[1]: expected an array, found '2]'"],
    ['[[1, 2], [3]]', 'a.json:1: A[1] has 1 entries, but those before it have 2'],
    ['[[]]', 'a.json:1: A[0]: the array is empty'],
    ['[[1, 1e400]]', "a.json:1: A[0][1]: '1e400' is beyond the range"],
    ['[[NaN]]', "a.json:1: A[0][0]: expected a number, found 'NaN]]'"],
    ['[[01]]', "a.json:1: after A[0][0]: expected ',' or ']', found '1]]'"],
    ['[[1,]]', "a.json:1: A[0][1]: expected a number, found ']]'"],
    ['[[1]\n', "a.json:2: after A[0]: expected ',' or ']', the file ends"],
    ['[[1]]]', "a.json:1: expected the end of the file, found ']'"],
    ['[[[[1]]]]', 'a.json:1: A[0][0][0]: arrays are nested more than 3 deep'],
    ['['.repeat(1e6), 'a.json:1: A[0][0][0]: arrays are nested more than 3 deep']
  ]
  for (const [text, expected] of cases) t.ok(String(system(text)).startsWith(expected), `${system(text)} | ${expected}`)
  t.end()
})

test('every finite float64 written as .csv and .json reads back bit for bit', (t) => {
  const finite = fc.float64Array({ minLength: 6, maxLength: 6, noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(finite, fc.constantFrom([6], [2, 3], [3, 2], [6, 1]), (data, shape) => {
      const asCsv = encode('a.csv', shape, data)
      const asJson = encode('a.json', shape, data)
      if (E.isLeft(asCsv) || E.isLeft(asJson)) return false
      const rows = csv.parse('a.csv', bytes(String(asCsv.right)))
      const array = json.parse('a.json', bytes(String(asJson.right)))
      if (E.isLeft(rows) || E.isLeft(array) || rows.right.entries._tag !== 'Dense') return false
      const [c, j] = [rows.right.entries.data, array.right.A.data]
      return (
        data.every((v, k) => Object.is(v, c[k]) && Object.is(v, j[k])) && array.right.A.shape.join() === shape.join()
      )
    }),
    { seed: 15, numRuns: 300 }
  )
  t.ok(E.isLeft(encode('a.json', [1], Float64Array.of(Number.NaN))), 'JSON has no NaN')
  t.end()
})
