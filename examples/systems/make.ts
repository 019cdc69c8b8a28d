/**
 * Makes `bridge.mtx` and `bridge.rhs.mtx`, the stiffness matrix of a small steel truss bridge and a load on its deck, and
 * `grid.mtx`, the Laplacian of a grid of 3 x 3 points.
 *
 *     node --import tsx examples/systems/make.ts
 *
 * The bridge is a plane truss of eight panels, 4 m wide and 4 m high, with crossed diagonals, over a pier:
 *
 *     o---o---o---o---o---o---o---o---o      top chord     nodes 9 ... 17
 *     |\ /|\ /|\ /|\ /|\ /|\ /|\ /|\ /|
 *     | X | X | X | X | X | X | X | X |
 *     |/ \|/ \|/ \|/ \|/ \|/ \|/ \|/ \|
 *     o---o---o---o---o---o---o---o---o      deck          nodes 0 ... 8
 *     o               ^               o      a hinge on the pier, a roller at either end
 *
 * A bar of length l along (c, s) adds `E a / l [c c, c s; c s, s s]` to the stiffness of its two ends, with E the elastic
 * modulus of steel and a the bar's cross-section. The unknowns are the displacements of the nodes in metres, without the
 * four that the supports hold; the right-hand side is in newtons.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const panels = 8
const size = 4 // metres, the width and the height of a panel
const E = 200e9 // N / m^2
const area = { chord: 60e-4, post: 40e-4, diagonal: 30e-4 } // m^2

/** Weight that hangs on every deck node, and a lorry in the middle of the left span. */
const load = { deck: -20e3, lorry: -250e3 } // N, downwards

interface Bar {
  readonly from: number
  readonly to: number
  readonly area: number
}

const deck = Array.from({ length: panels + 1 }, (_, k) => k)
const top = deck.map((k) => k + panels + 1)
const position = (node: number): readonly [x: number, y: number] =>
  node <= panels ? [size * node, 0] : [size * (node - panels - 1), size]

const bars: readonly Bar[] = [
  ...deck.map((k) => ({ from: k, to: top[k]!, area: area.post })),
  ...deck.slice(1).flatMap((k) => [
    { from: k - 1, to: k, area: area.chord },
    { from: top[k - 1]!, to: top[k]!, area: area.chord },
    { from: k - 1, to: top[k]!, area: area.diagonal },
    { from: top[k - 1]!, to: k, area: area.diagonal }
  ])
]

/** Node k moves by unknowns 2k (right) and 2k + 1 (up); the hinge holds both, a roller the second. */
const held = [1, panels, panels + 1, 2 * panels + 1]
const unknowns = Array.from({ length: 2 * (top.length + deck.length) }, (_, k) => k).filter((k) => !held.includes(k))

/** The stiffness of all nodes, row-major, supports still free. */
const stiffness = (): { readonly size: number; readonly K: Float64Array } => {
  const all = 2 * (top.length + deck.length)
  const K = new Float64Array(all * all)
  for (const bar of bars) {
    const [[x0, y0], [x1, y1]] = [position(bar.from), position(bar.to)]
    const length = Math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    const along = [(x1 - x0) / length, (y1 - y0) / length]
    for (const one of [bar.from, bar.to]) {
      for (const other of [bar.from, bar.to]) {
        for (let p = 0; p < 2; p++) {
          for (let q = 0; q < 2; q++) {
            const sign = one === other ? 1 : -1
            K[(2 * one + p) * all + 2 * other + q]! += (sign * E * bar.area * along[p]! * along[q]!) / length
          }
        }
      }
    }
  }
  return { size: all, K }
}

/** The lower triangle in Matrix Market's coordinate format; entries count from 1. */
const matrix = (): string => {
  const { size: all, K } = stiffness()
  const entries = unknowns.flatMap((row, i) =>
    unknowns.slice(0, i + 1).flatMap((column, j) => {
      const value = K[row * all + column]!
      return value === 0 ? [] : [`${i + 1} ${j + 1} ${value}`]
    })
  )
  return [
    '%%MatrixMarket matrix coordinate real symmetric',
    `% Stiffness (N/m) of a plane steel truss bridge of ${panels} panels; made by examples/systems/make.ts`,
    `${unknowns.length} ${unknowns.length} ${entries.length}`,
    ...entries,
    ''
  ].join('\n')
}

const loads = (): string => {
  const values = unknowns.map((k) => {
    const node = Math.floor(k / 2)
    const vertical = k % 2 === 1
    if (!vertical || node > panels) return 0
    return load.deck + (node === panels / 4 ? load.lorry : 0)
  })
  return [
    '%%MatrixMarket matrix array real general',
    '% Loads (N): the weight of the deck, and a lorry in the middle of the left span; made by examples/systems/make.ts',
    `${unknowns.length} 1`,
    ...values,
    ''
  ].join('\n')
}

const side = 3

/** `4 x_k - sum of x over the neighbours of point k`: the Laplacian with zeros around the grid, times the spacing squared. */
const laplacian = (): string => {
  const points = Array.from({ length: side * side }, (_, k) => k)
  const columns = points.map((k) => [
    `${k + 1} ${k + 1} 4`,
    ...(k % side < side - 1 ? [`${k + 2} ${k + 1} -1`] : []),
    ...(k + side < points.length ? [`${k + side + 1} ${k + 1} -1`] : [])
  ])
  const entries = columns.flat()
  return [
    '%%MatrixMarket matrix coordinate real symmetric',
    `% Laplacian of a grid of ${side} x ${side} points; made by examples/systems/make.ts`,
    `${points.length} ${points.length} ${entries.length}`,
    ...entries,
    ''
  ].join('\n')
}

/** The files by name, with their contents. */
export const files = (): Readonly<Record<string, string>> => ({
  'bridge.mtx': matrix(),
  'bridge.rhs.mtx': loads(),
  'grid.mtx': laplacian()
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(files())) {
    writeFileSync(new URL(name, import.meta.url), text)
    console.log(`wrote examples/systems/${name}`)
  }
}
