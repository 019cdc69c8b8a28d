import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'
import { show } from '../../runtime/io/errors'
import { parse } from '../../runtime/io/matrix-market'
import { toDense } from '../../runtime/io/table'
import { encode } from '../../runtime/io/write'
import { bytes } from './fixtures'

const BANNER = '%%MatrixMarket matrix'

const dense = (text: string): readonly number[] | string => {
  const parsed = parse('a.mtx', bytes(text))
  const values = E.isLeft(parsed) ? parsed : toDense(parsed.right, 1e6)
  return E.isLeft(values) ? show(values.left) : [...values.right]
}

const refusal = (text: string): string => {
  const parsed = parse('a.mtx', bytes(text))
  return E.isLeft(parsed) ? show(parsed.left) : 'accepted'
}

test('coordinate files: symmetry, duplicates, pattern, comments and odd spacing', (t) => {
  const general = `${BANNER} coordinate real general\n2 3 3\n1 1 1.5\n2 3 -2\n1 2 1D2\n`
  t.deepEqual(dense(general), [1.5, 100, 0, 0, 0, -2])
  t.deepEqual(dense(`${BANNER} coordinate real symmetric\n2 2 2\n1 1 1\n2 1 5\n`), [1, 5, 5, 0])
  t.deepEqual(dense(`${BANNER} coordinate real symmetric\n2 2 2\n1 1 1\n1 2 5\n`), [1, 5, 5, 0], 'upper triangle')
  t.deepEqual(dense(`${BANNER} coordinate integer skew-symmetric\n2 2 1\n2 1 5\n`), [0, -5, 5, 0])
  t.deepEqual(dense(`${BANNER} coordinate pattern symmetric\n2 2 1\n2 1\n`), [0, 1, 1, 0])
  t.deepEqual(dense(`${BANNER} coordinate real general\n1 1 3\n1 1 1\n1 1 2\n1 1 4\n`), [7], 'duplicates are summed')
  t.deepEqual(dense(`${BANNER} coordinate real hermitian\n2 2 1\n2 1 5\n`), [0, 5, 5, 0], 'real Hermitian is symmetric')
  const odd = '\n  %%matrixMARKET MATRIX Coordinate REAL General\r\n%c\r\n\r\n 1\t1 1\r\n% c\r\n\r\n1 1   +.5e1'
  t.deepEqual(dense(odd), [5], 'case, CRLF, blank lines, comments, no newline at the end')
  t.end()
})

test('array files come column by column', (t) => {
  t.deepEqual(dense(`${BANNER} array real general\n2 3\n1\n2\n3\n4\n5\n6\n`), [1, 3, 5, 2, 4, 6])
  t.deepEqual(dense(`${BANNER} array real symmetric\n2 2\n1\n2\n3\n`), [1, 2, 2, 3])
  t.deepEqual(dense(`${BANNER} array real skew-symmetric\n3 3\n1\n2\n3\n`), [0, -1, -2, 1, 0, -3, 2, 3, 0])
  t.deepEqual(dense('2 1\n1\n2\n'), [1, 2], 'no banner')
  t.end()
})

test('refusals name the line and the reason', (t) => {
  const c = `${BANNER} coordinate real general\n`
  const cases: readonly (readonly [string, string])[] = [
    ['', 'a.mtx:1: the file is empty'],
    ['hello\n', "a.mtx:1: no banner: found 'hello'"],
    [`${BANNER} coordinate real\n`, 'a.mtx:1: expected 5 words'],
    [`${BANNER} coordinate complex general\n1 1 1\n1 1 1 0\n`, 'a.mtx:1: the matrix is complex'],
    [`${BANNER} coordinate __proto__ general\n1 1 0\n`, "a.mtx:1: the field is '__proto__'"],
    [`${c}%\n`, 'a.mtx:2: the file ends before'],
    [`${c}1 1\n`, 'a.mtx:2: expected the 3 sizes'],
    [`${c}1 x 0\n`, "a.mtx:2: the number of columns is 'x'"],
    [`${c}1 99999999999 0\n`, 'a.mtx:2: the number of columns'],
    [`${c}9 9 1000000000\n1 1 1\n`, 'a.mtx:2: 1000000000 entries are declared, but only 6 bytes follow'],
    [`${BANNER} array real general\n1000000 1000000\n1\n`, 'a.mtx:2: 1000000000000 entries belong to'],
    [`${c}2 2 1\n% c\n3 1 1\n`, "a.mtx:4: the row index is '3', outside 1..2"],
    [`${c}2 2 1\n1 0 1\n`, "a.mtx:3: the column index is '0', outside 1..2 (Matrix Market indices begin at 1)"],
    [`${c}2 2 1\n1 1.0 1\n`, "a.mtx:3: the column index is '1.0', expected a whole number"],
    [`${c}2 2 1\n1 1 1_0\n`, "a.mtx:3: the value is '1_0', expected a number"],
    [`${c}2 2 1\n1 1 0x10\n`, "a.mtx:3: the value is '0x10', expected a number"],
    [`${c}2 2 1\n1 1 1e400\n`, "a.mtx:3: the value '1e400' is beyond the range"],
    [`${c}2 2 1\n1 1 1 2\n`, "a.mtx:3: expected 'row column value'"],
    [`${c}2 2 2\n1 1 1      \n`, 'a.mtx:3: the file ends after 1 of 2'],
    [`${c}2 2 1\n1 1 1\n\n2 2 1\n`, 'a.mtx:5: a line follows'],
    [`${BANNER} coordinate integer general\n1 1 1\n1 1 1.5\n`, "a.mtx:3: the value is '1.5', but the banner says"],
    [`${BANNER} coordinate real symmetric\n2 2 2\n1 2 1\n2 1 1\n`, 'a.mtx:4: entry (2, 1) lies in the other triangle'],
    [`${BANNER} coordinate real skew-symmetric\n2 2 1\n1 1 3\n`, 'a.mtx:3: the diagonal of a skew-symmetric'],
    [`${BANNER} coordinate real general \x1b[31m\n`, 'a.mtx:1: expected 5 words in the banner, found more']
  ]
  for (const [text, expected] of cases) t.ok(refusal(text).startsWith(expected), `${refusal(text)} | ${expected}`)
  t.end()
})

test('NaN and infinity are kept with their line; rounding leaves a note', (t) => {
  const parsed = parse('a.mtx', bytes(`${BANNER} array real general\n1 3\n1\n-Inf\nnan\n`))
  t.deepEqual(E.isRight(parsed) && parsed.right.nonFinite, { place: 'line 4', text: '-Inf' })
  const rounded = parse('a.mtx', bytes(`${BANNER} array integer general\n1 2\n9007199254740992\n9007199254740993\n`))
  t.deepEqual(E.isRight(rounded) && rounded.right.notes, [
    "a.mtx:4: '9007199254740993' was rounded to 9007199254740992, the nearest float64"
  ])
  const zero = parse('a.mtx', bytes(`${BANNER} array real general\n1 2\n0.000\n1e-400\n`))
  t.equal(E.isRight(zero) && zero.right.notes[0]?.startsWith("a.mtx:4: '1e-400' was rounded to 0"), true)
  t.end()
})

test('every float64 written as .mtx reads back bit for bit', (t) => {
  const table = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc.tuple(fc.constant([rows, columns]), fc.float64Array({ minLength: rows * columns, maxLength: rows * columns }))
    )
  fc.assert(
    fc.property(table, ([shape, data]) => {
      const content = encode('a.mtx', shape, data)
      const parsed = E.isRight(content) ? parse('a.mtx', bytes(String(content.right))) : content
      const back = E.isRight(parsed) ? toDense(parsed.right, 1e6) : parsed
      return E.isRight(back) && back.right.every((v, k) => Object.is(v, data[k]))
    }),
    { seed: 11, numRuns: 300 }
  )
  t.pass('300 tables')
  t.end()
})
