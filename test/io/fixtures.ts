/** Small inputs of our own, and bytes from text. */

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** A deterministic generator of floats in [0, 1) (mulberry32). */
export const generator = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A `.npy` file with the given dictionary and data. */
export const npyFile = (dictionary: string, data: Uint8Array, version = 1): Uint8Array => {
  const header = bytes(`${dictionary}\n`)
  const length =
    version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0]
  return Uint8Array.from([...bytes('\x93NUMPY'), version, 0, ...length, ...header, ...data])
}

export const npyHead = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`

/** The bytes of the numbers, each written by `put` into `width` bytes. */
export const packed = (
  width: number,
  numbers: readonly number[],
  put: (view: DataView, at: number, value: number) => void
): Uint8Array => {
  const view = new DataView(new ArrayBuffer(width * numbers.length))
  for (const [k, value] of numbers.entries()) put(view, k * width, value)
  return new Uint8Array(view.buffer)
}

export const SAMPLES: readonly (readonly [string, Uint8Array])[] = [
  ['a.mtx', bytes('%%MatrixMarket matrix coordinate real general\n% c\n3 3 4\n1 1 2.5\n2 2 -1e-3\n\n3 3 7\n1 3 .5\n')],
  ['s.mtx', bytes('%%MatrixMarket matrix coordinate integer symmetric\n2 2 3\n1 1 4\n2 1 1\n2 2 3\n')],
  ['k.mtx', bytes('%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n')],
  ['p.mtx', bytes('%%MatrixMarket matrix coordinate pattern general\n3 3 3\n1 1\n2 2\n3 3\n')],
  ['d.mtx', bytes('%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n')],
  ['a.npy', npyFile(npyHead('<f8', '(2, 2)'), new Uint8Array(new Float64Array([2, 1, 1, 3]).buffer))],
  ['i.npy', npyFile(npyHead('>i8', '(3, 1)', 'True'), new Uint8Array(24), 2)],
  ['h.npy', npyFile(npyHead('<f2', '(2, 2, 2)'), new Uint8Array(16), 3)],
  ['a.csv', bytes('# table\n1,2,3\n4,-5e-1,6\n\n7,8,9\n')],
  ['b.csv', bytes('1 2\t3\n4 5 6\n')],
  ['c.csv', bytes('1;2\n3;inf\n')],
  ['a.json', bytes('{"A": [[2, 1], [1, 3]],\n "b": [3, 4]}')],
  ['b.json', bytes('[[[1,0],[0,1]],[[2.5e0,0],[0,-1]]]')]
]
