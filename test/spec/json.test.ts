import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { Json, L, Zoo } from '../../spec'
import * as Arbitrary from '../support/arbitrary'
import { left, right } from '../support/right'

/** Equal as JavaScript sees it, -0 and 0 apart. */
const same = (a: unknown, b: unknown): boolean =>
  typeof a === 'object' && typeof b === 'object' && a !== null && b !== null
    ? Object.keys(a).length === Object.keys(b).length &&
      Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && same(value, Reflect.get(b, key)))
    : Object.is(a, b)

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('models round-trip through values', (t) => {
  fc.assert(
    fc.property(Arbitrary.model, (m) => same(right(Json.decode(Json.encode(m))), m)),
    { seed: 1 }
  )
  t.pass('decode after encode is the model')
  t.end()
})

test('models round-trip through text, to the same bytes', (t) => {
  fc.assert(
    fc.property(Arbitrary.model, (m) => {
      const text = JSON.stringify(Json.encode(m))
      return JSON.stringify(Json.encode(right(Json.parse(text)))) === text
    }),
    { seed: 2 }
  )
  t.pass('encode after decode is the text')
  t.end()
})

test('an unknown key anywhere is refused', (t) => {
  const objects = (value: unknown): Record<string, unknown>[] =>
    typeof value !== 'object' || value === null
      ? []
      : [...(Array.isArray(value) ? [] : [value as Record<string, unknown>]), ...Object.values(value).flatMap(objects)]
  fc.assert(
    fc.property(Arbitrary.model, fc.nat(), fc.constantFrom('extra', 'constructor', 'toString', 'Name'), (m, k, key) => {
      const value = plain(Json.encode(m))
      const all = objects(value)
      all[k % all.length]![key] = 1
      return E.isLeft(Json.decode(value))
    }),
    { seed: 3 }
  )
  t.pass('refused')
  t.end()
})

/** Keys that older files lack, and what they then say is usual. */
const mayLack: readonly string[] = ['full std', 'linearMap bias', 'chebyshev stride']

test('a missing key anywhere is refused', (t) => {
  const objects = (value: unknown): Record<string, unknown>[] =>
    typeof value !== 'object' || value === null
      ? []
      : [...(Array.isArray(value) ? [] : [value as Record<string, unknown>]), ...Object.values(value).flatMap(objects)]
  fc.assert(
    fc.property(Arbitrary.model, fc.nat(), fc.nat(), (m, k, key) => {
      const value = plain(Json.encode(m))
      const all = objects(value)
      const one = all[k % all.length]!
      const keys = Object.keys(one).filter((name) => !mayLack.includes(`${one['_tag']} ${name}`))
      delete one[keys[key % keys.length]!]
      return E.isLeft(Json.decode(value))
    }),
    { seed: 4 }
  )
  t.pass('refused')
  t.end()
})

test('any JSON value is decoded or refused, never an exception', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const result = Json.decode(value)
      return E.isRight(result) || result.left.expected !== ''
    }),
    { seed: 5 }
  )
  t.pass('a Left')
  t.end()
})

/** The JSON text of a good model with one thing replaced. */
const altered = (from: string | RegExp, to: string): string => {
  const text = JSON.stringify(Json.encode(Zoo.blockLinear({ layers: 2 })))
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`internal: ${from} is not in ${text}`)
  return changed
}

test('a polynomial without a stride has stride one', (t) => {
  const model = Zoo.polynomial({ degree: 3, low: 0, high: 1 })
  const text = JSON.stringify(Json.encode(model))
  t.deepEqual(Json.parse(text.replace(',"stride":1', '')), E.right(model), 'older files have no such key')
  t.notEqual(text, text.replace(',"stride":1', ''), 'newer ones do')
  t.end()
})

test('errors name place, expected and found', (t) => {
  const cases: readonly [text: string, sentence: string][] = [
    ['[', 'the value: expected JSON, found text that is not JSON'],
    ['null', 'the value: expected an object, found null'],
    ['[]', 'the value: expected an object, found an array of 0'],
    [altered('"times":2', '"times":2.5'), 'body.times: expected a whole number from 1 to 10000, found 2.5'],
    [altered('"times":2', '"times":"2"'), 'body.times: expected a whole number from 1 to 10000, found "2"'],
    [
      altered('"tied":false', '"tied":false,"__proto__":{"tied":true}'),
      'body: expected only the keys _tag, times, tied, body, found the key "__proto__"'
    ],
    [altered('"tied":false,', ''), 'body: expected the key tied, found no such key'],
    [altered('"allOnes":false', '"allOnes":0'), 'body.body.body.P.allOnes: expected true or false, found 0'],
    [altered('"muScale":"one"', '"muScale":"two"'), 'body.body.body.P.muScale: expected one of one, n, found "two"'],
    [altered('"query":"b"', '"query":"c"'), 'encoding.query: expected one of paper, b, none, found "c"'],
    [altered('"bScale":1e-8', '"bScale":1e999'), 'encoding.bScale: expected a finite number, found Infinity'],
    [
      altered('"_tag":"repeat"', '"_tag":"toString"'),
      'body._tag: expected one of linearMap, linearAttention, softmaxAttention, layerNorm, gelu, positions, recurrent, entries, columnMeans, scale, chebyshev, krylov, equilibrate, residual, repeat, sequence, found "toString"'
    ],
    [
      altered('"name":"block-linear-2"', '"name":"a\\u001b[2J"'),
      'name: expected a name of 1 to 200 printing characters, found "a\\u001b[2J"'
    ],
    [
      altered('"blocks":1', '"blocks":1e6'),
      'encoding.embedding.blocks: expected a whole number from 0 to 1024, found 1000000'
    ]
  ]
  for (const [text, sentence] of cases) t.equal(Json.show(left(Json.parse(text))), sentence)
  t.end()
})

test('what would exhaust a reader is refused', (t) => {
  const base = Zoo.blockLinear({ layers: 1 })
  let deep: L.Layer = L.scale(1)
  for (let k = 0; k < 5000; k++) deep = L.residual(deep)
  const many = L.repeat(10000)(L.repeat(10000)(L.repeat(10000)(L.scale(1))))
  t.ok(left(Json.decode({ ...base, body: deep })).expected.includes('levels of nesting'), 'nesting')
  t.equal(left(Json.decode({ ...base, body: many })).expected, 'at most 10000 layers with repeats written out')
  t.end()
})

test('objects with a prototype of their own are refused', (t) => {
  const value = Object.assign(Object.create({ hidden: 1 }), Json.encode(Zoo.blockLinear({ layers: 1 })))
  t.equal(left(Json.decode(value)).expected, 'an object')
  t.end()
})
