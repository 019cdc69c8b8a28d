/**
 * Damaged and hostile inputs: no parser throws, hangs, or asks for much more memory than the input has.
 *
 * `FUZZ_INPUTS=1000000` runs more than the 10,000 of every run; `FUZZ_SEED` changes them.
 */
import * as E from 'fp-ts/Either'
import test from 'tape'
import { type InputError, show } from '../../runtime/io/errors'
import { parseArray } from '../../runtime/io/read'
import { system } from '../../runtime/io/system'
import { bytes, generator, npyFile, npyHead, SAMPLES } from './fixtures'

const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 10000)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

const TOKENS = [
  '2147483647',
  '4294967296',
  '99999999999999999999',
  '-1',
  '0',
  '1e999',
  'nan',
  '-inf',
  '%%MatrixMarket matrix array real symmetric\n',
  '\n\n',
  '%',
  '#',
  ',',
  ';',
  '[',
  '[[[[[[[[',
  ']',
  '{"A":',
  '"__proto__":',
  "{'descr': '|O'",
  '(1000000000, 1000000000)',
  '\x93NUMPY\x01\x00\xff\xff',
  '\x00',
  '\xff\xfe',
  '1'.repeat(5000)
].map(bytes)

const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]))

/** One damaged copy of `input`: bytes flipped, cut, doubled, or hostile text put in. */
const mutate = (input: Uint8Array, random: () => number): Uint8Array => {
  const below = (n: number): number => Math.floor(random() * n)
  let out = Uint8Array.from(input)
  for (let times = 1 + below(1 + below(4)); times > 0; times--) {
    const at = below(out.length + 1)
    const to = Math.min(out.length, at + below(12))
    const kind = below(6)
    if (kind === 0 && at < out.length) out[at] = below(256)
    else if (kind === 1 && at < out.length) out[at]! ^= 1 << below(8)
    else if (kind === 2) out = out.slice(0, at)
    else if (kind === 3) out = concat(out.subarray(0, at), out.subarray(to)) as Uint8Array<ArrayBuffer>
    else if (kind === 4) out = concat(out.subarray(0, to), out.subarray(at)) as Uint8Array<ArrayBuffer>
    else out = concat(out.subarray(0, at), TOKENS[below(TOKENS.length)]!, out.subarray(at)) as Uint8Array<ArrayBuffer>
  }
  return out
}

/** Runs `f` and counts the bytes of the typed arrays that it makes. */
const bytesAskedFor = <A>(f: () => A): readonly [A, number] => {
  let asked = 0
  const { Float64Array: doubles, Int32Array: ints } = globalThis
  const counted = <T extends Float64ArrayConstructor | Int32ArrayConstructor>(constructor: T): T =>
    new Proxy(constructor, {
      construct: (target, args) => {
        if (typeof args[0] === 'number') asked += args[0] * target.BYTES_PER_ELEMENT
        return Reflect.construct(target, args) as object
      }
    })
  globalThis.Float64Array = counted(doubles)
  globalThis.Int32Array = counted(ints)
  try {
    return [f(), asked]
  } finally {
    globalThis.Float64Array = doubles
    globalThis.Int32Array = ints
  }
}

/** A refusal is one line of printable text that begins with the file's name. */
const isSentence = (name: string, e: InputError): boolean => {
  const text = show(e)
  return text.startsWith(`${name}:`) && text.length < 400 && /^[\x20-\x7e]*$/.test(text)
}

test(`${INPUTS} damaged inputs over four formats`, (t) => {
  const random = generator(SEED)
  const counts = { parsed: 0, refused: 0, solved: 0 }
  let worst = 0
  for (let k = 0; k < INPUTS; k++) {
    const [name, sample] = SAMPLES[k % SAMPLES.length]!
    const input = mutate(sample, random)
    try {
      const [parsed, asked] = bytesAskedFor(() => parseArray(name, input))
      worst = Math.max(worst, (asked - 4096) / Math.max(1, input.length))
      if (E.isLeft(parsed)) {
        counts.refused++
        if (!isSentence(name, parsed.left) || parsed.left.place === null) t.fail(`input ${k}: ${show(parsed.left)}`)
        continue
      }
      counts.parsed++
      const solved = system(name, parsed.right.A, parsed.right.b, { maxDenseBytes: 1e6 })
      if (E.isRight(solved)) counts.solved++
      else if (!isSentence(name, solved.left)) t.fail(`input ${k}: ${show(solved.left)}`)
    } catch (cause) {
      t.fail(`input ${k} (${name}) threw ${String(cause)}`)
    }
  }
  t.comment(`${counts.refused} refused, ${counts.parsed} parsed, ${counts.solved} of these systems`)
  t.ok(worst <= 8, `at most 8 bytes per byte of input and 4096 more: ${worst.toFixed(2)}`)
  t.ok(counts.refused > INPUTS / 4 && counts.parsed > INPUTS / 20, 'both outcomes occur')
  t.end()
})

test('large hostile inputs are read in one pass', (t) => {
  const repeated = (head: string, unit: string): Uint8Array => bytes(head + unit.repeat(Math.ceil(4e6 / unit.length)))
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['a.json', repeated('', '[')],
    ['a.json', repeated('[', ',')],
    ['a.json', repeated('[[1', ',1')],
    ['a.json', repeated('{"', 'A')],
    ['a.json', repeated('', ' ')],
    ['a.csv', repeated('', ',')],
    ['a.csv', repeated('', '1 ')],
    ['a.csv', repeated('', '1\n')],
    ['a.csv', repeated('', '9')],
    ['a.mtx', repeated('%%MatrixMarket matrix array real general\n', '\n')],
    ['a.mtx', repeated('%%MatrixMarket matrix array real general\n2000000 1\n', '1\n')],
    ['a.mtx', repeated('%%MatrixMarket matrix array real symmetric\n1999 1999\n', '1\n')],
    ['a.mtx', repeated('%%MatrixMarket ', 'x ')],
    ['a.mtx', repeated('%%MatrixMarket matrix coordinate pattern general\n2 2 1000000\n', '1 1\n')],
    ['a.npy', repeated('\x93NUMPY\x02\x00\xff\xff\x00\x00', '{')],
    ['a.npy', repeated('\x93NUMPY\x02\x00\xff\xff\x00\x00', "'")]
  ]
  for (const [name, input] of cases) {
    const [parsed, asked] = bytesAskedFor(() => parseArray(name, input))
    const ending = E.isLeft(parsed) ? show(parsed.left).slice(0, 90) : 'parsed'
    t.ok(asked <= 8 * input.length + 4096, `${name}, ${(asked / input.length).toFixed(1)} bytes per byte: ${ending}`)
  }
  t.end()
})

test('a header that promises much allocates nothing', (t) => {
  const banner = '%%MatrixMarket matrix'
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['a.mtx', bytes(`${banner} coordinate real general\n9 9 2147483647\n1 1 1\n`)],
    ['a.mtx', bytes(`${banner} coordinate pattern symmetric\n2147483647 2147483647 100000\n1 1\n`)],
    ['a.mtx', bytes(`${banner} array real general\n100000 100000\n1\n`)],
    ['a.mtx', bytes(`${banner} array real symmetric\n100000 100000\n1\n`)],
    ['a.npy', npyFile(npyHead('|u1', '(100000, 100000)'), new Uint8Array(8))],
    ['a.npy', npyFile(npyHead('<f8', '(1000000000000000, 1000000000000000)'), new Uint8Array(8))]
  ]
  for (const [name, input] of cases) {
    const [parsed, asked] = bytesAskedFor(() => parseArray(name, input))
    t.ok(E.isLeft(parsed) && asked <= 4096, `${asked} bytes: ${E.isLeft(parsed) ? show(parsed.left) : 'parsed'}`)
  }
  const wide = parseArray('a.mtx', bytes(`${banner} coordinate real general\n2147483647 2147483647 1\n7 7 1\n`))
  if (E.isLeft(wide)) return t.end(new Error(show(wide.left)))
  const [refused, asked] = bytesAskedFor(() => system('a.mtx', wide.right.A, null))
  t.ok(E.isLeft(refused) && asked === 0, 'a large sparse matrix is refused before it is made dense')
  const [, counted] = bytesAskedFor(() => parseArray('a.csv', bytes('1 2 3 4\n')))
  t.ok(counted >= 32, 'the counter counts')
  t.end()
})
