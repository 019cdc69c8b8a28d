/**
 * The safetensors layout: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes, end to end.
 *
 * Source: the format's description, https://github.com/huggingface/safetensors. Numbers only: nothing in a file is run.
 */
import * as E from 'fp-ts/Either'

// --- model -----------------------------------------------------------------------------------------------------------

export type Dtype = 'F64' | 'F32'

export interface Tensor {
  readonly dtype: Dtype
  /** Slowest axis first; empty for a single number. */
  readonly shape: readonly number[]
  /** Values, whatever the width they are stored in. */
  readonly data: Float64Array
}

export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** Where a tensor's bytes lie, counted from the first byte after the header. */
interface Entry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly from: number
  readonly to: number
}

type Result<A> = E.Either<string, A>

/** The longest header that is read or written. */
export const mostHeader = 1 << 20

const widths: Readonly<Record<Dtype, number>> = { F64: 8, F32: 4 }

const product = (shape: readonly number[]): number => shape.reduce((p, q) => p * q, 1)

// --- writing ---------------------------------------------------------------------------------------------------------

const copyOf = (view: DataView, at: number, { dtype, data }: Tensor): void => {
  if (dtype === 'F64') for (let k = 0; k < data.length; k++) view.setFloat64(at + 8 * k, data[k]!, true)
  else for (let k = 0; k < data.length; k++) view.setFloat32(at + 4 * k, data[k]!, true)
}

/** The bytes of the tensors alone, end to end in order: what a checksum covers. */
export const dataBytes = (tensors: Readonly<Record<string, Tensor>>): Uint8Array => {
  const all = Object.values(tensors)
  const bytes = new Uint8Array(all.reduce((total, t) => total + widths[t.dtype] * t.data.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const tensor of all) {
    if (product(tensor.shape) !== tensor.data.length) throw new Error('internal: a tensor whose shape and data differ')
    copyOf(view, at, tensor)
    at += widths[tensor.dtype] * tensor.data.length
  }
  return bytes
}

/** The bytes of a file; `Left` if the header would be too long. The header ends in spaces so that the data is aligned to 8. */
export const encode = ({ metadata, tensors }: Safetensors): Result<Uint8Array> => {
  const entries: [string, unknown][] = []
  let at = 0
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const to = at + widths[dtype] * data.length
    entries.push([name, { dtype, shape, data_offsets: [at, to] }])
    at = to
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])))
  const length = Math.ceil(json.length / 8) * 8
  if (length > mostHeader) return E.left(`the header would have ${length} bytes, above the limit of ${mostHeader}`)
  const data = dataBytes(tensors)
  const bytes = new Uint8Array(8 + length + data.length).fill(0x20, 8, 8 + length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + length)
  return E.right(bytes)
}

// --- reading the header ----------------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Names are shown in errors: printing characters only, and nothing that JavaScript treats specially. */
const isName = (name: string): boolean =>
  /^[\x21-\x7e]{1,200}$/.test(name) && !/^(__proto__|constructor|prototype)$/.test(name)

const entryOf = (name: string, value: unknown): Result<Entry> => {
  if (!isName(name)) return E.left(`a tensor name that is empty, too long or not printable`)
  if (!isRecord(value) || Object.keys(value).sort().join() !== 'data_offsets,dtype,shape') {
    return E.left(`tensor ${name}: expected exactly dtype, shape and data_offsets`)
  }
  const { dtype, shape, data_offsets: offsets } = value
  if (dtype !== 'F64' && dtype !== 'F32') return E.left(`tensor ${name}: expected dtype F64 or F32`)
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isCount)) {
    return E.left(`tensor ${name}: expected a shape of at most 8 whole numbers`)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return E.left(`tensor ${name}: expected two data_offsets`)
  }
  const [from, to] = offsets as [number, number]
  const bytes = product(shape) * widths[dtype]
  return to - from === bytes
    ? E.right({ name, dtype, shape, from, to })
    : E.left(`tensor ${name}: expected ${bytes} bytes for its shape, found offsets ${from} to ${to}`)
}

const metadataOf = (value: unknown): Result<Readonly<Record<string, string>>> => {
  if (value === undefined) return E.right({})
  if (!isRecord(value) || !Object.values(value).every((v) => typeof v === 'string')) {
    return E.left('__metadata__: expected texts by name')
  }
  return E.right(Object.assign(Object.create(null), value) as Record<string, string>)
}

interface Header {
  readonly metadata: Readonly<Record<string, string>>
  readonly entries: readonly Entry[]
}

const headerOf = (text: string): Result<Header> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return E.left('the header is not JSON')
  }
  if (!isRecord(value)) return E.left('the header is not an object')
  const metadata = metadataOf(Object.hasOwn(value, '__metadata__') ? value['__metadata__'] : undefined)
  if (E.isLeft(metadata)) return metadata
  const entries: Entry[] = []
  for (const [name, each] of Object.entries(value)) {
    if (name === '__metadata__') continue
    const entry = entryOf(name, each)
    if (E.isLeft(entry)) return entry
    entries.push(entry.right)
  }
  return E.right({ metadata: metadata.right, entries: entries.sort((p, q) => p.from - q.from || p.to - q.to) })
}

// --- reading ---------------------------------------------------------------------------------------------------------

/** Tensors lie end to end from byte 0 to the last: none overlaps and nothing is hidden between them. */
const layoutFault = (entries: readonly Entry[], length: number): string | undefined => {
  let at = 0
  for (const { name, from, to } of entries) {
    if (from !== at)
      return `tensor ${name}: expected to begin at byte ${at} of the data, found ${from} (overlap or hole)`
    at = to
  }
  return at === length ? undefined : `expected ${at} bytes of data, found ${length} (truncated, or something appended)`
}

const valuesOf = (view: DataView, { dtype, from, to }: Entry): Float64Array =>
  Float64Array.from({ length: (to - from) / widths[dtype] }, (_, k) =>
    dtype === 'F64' ? view.getFloat64(from + 8 * k, true) : view.getFloat32(from + 4 * k, true)
  )

const decoderOf = (): TextDecoder => new TextDecoder('utf-8', { fatal: true })

/** The tensors of a file and the bytes they came from, or one sentence on the first thing that is wrong. */
export const decode = (bytes: Uint8Array): Result<Safetensors & { readonly data: Uint8Array }> => {
  if (bytes.length < 8)
    return E.left(`expected at least 8 bytes, found ${bytes.length} (truncated, or no safetensors file)`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const declared = view.getBigUint64(0, true)
  if (declared > BigInt(mostHeader)) {
    return E.left(`a header of ${declared} bytes, above the limit of ${mostHeader} (no safetensors file, or damaged)`)
  }
  const length = Number(declared)
  if (8 + length > bytes.length) {
    return E.left(`expected a header of ${length} bytes, found ${bytes.length - 8} (truncated)`)
  }
  let text: string
  try {
    text = decoderOf().decode(bytes.subarray(8, 8 + length))
  } catch {
    return E.left('the header is not UTF-8')
  }
  const header = headerOf(text)
  if (E.isLeft(header)) return header
  const { metadata, entries } = header.right
  const data = bytes.subarray(8 + length)
  const fault = layoutFault(entries, data.length)
  if (fault !== undefined) return E.left(fault)
  const inside = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const tensors: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>
  for (const entry of entries) {
    tensors[entry.name] = { dtype: entry.dtype, shape: entry.shape, data: valuesOf(inside, entry) }
  }
  return E.right({ metadata, tensors, data })
}
