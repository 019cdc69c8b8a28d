/** The picture of a few boundary value problems: their coefficient K, source f and solution u. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'

import { coefficientsOf } from '../../../spec/family'
import { keyOf } from '../../data/manifest'
import { show as showInput } from '../../io/errors'
import { systemError } from '../../io/source'
import { pen } from '../../reproduce/plots'
import type { Plot } from '../../reproduce/row'
import { innerNodes } from '../../sample/collocation'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { fail, type Outcome } from '../exit'
import type { FoundFamily } from '../family'

/** One value of one function of one system. */
interface Point {
  readonly system: string
  readonly x: number
  readonly value: number
}

/** Points of a curve that is drawn from its formula. */
const smooth = 201

const numbers = [0, 1, 2, 3]

const panels = (sample: Sample, names: readonly string[]): Readonly<Record<string, readonly Point[]>> => {
  const { n, b, x, coefficients } = sample
  const nodes = innerNodes(n)
  const of = (s: number, name: string): number => coefficients?.[s * names.length + names.indexOf(name)] ?? Number.NaN
  const points = (curve: (s: number) => readonly (readonly [number, number])[]): readonly Point[] =>
    numbers.flatMap((s) => curve(s).map(([at, value]) => ({ system: String(s), x: at, value })))
  const atNodes = (values: Float64Array, s: number): readonly (readonly [number, number])[] =>
    Array.from(nodes, (node, i) => [node, values[s * n + i]!] as const)
  return {
    'K(x)': points((s) =>
      Array.from({ length: smooth }, (_, k) => {
        const at = (2 * k) / (smooth - 1) - 1
        return [at, 1 + of(s, 'alpha') * Math.cos(2 * Math.PI * of(s, 'omega') * at)] as const
      })
    ),
    'f(x)': points((s) => atNodes(b, s)),
    'u(x)': points((s) => [[1, 0], ...atNodes(x, s), [-1, 0]])
  }
}

/** The first four systems of a seed, side by side by function. */
export const plotOf = ({ name, family, n }: FoundFamily, seed: number): Plot => {
  const sample = draw(family, keyOf(seed), { n, batch: numbers.length })
  const charts = Object.entries(panels(sample, coefficientsOf(family))).map(([title, values]) => ({
    width: 260,
    height: 220,
    data: { values },
    mark: { type: 'line', clip: true },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: 'x',
        scale: { domain: [-1, 1], nice: false },
        axis: { values: [-1, -0.5, 0, 0.5, 1] }
      },
      y: { field: 'value', type: 'quantitative', title },
      color: { field: 'system', type: 'nominal', title: 'system' }
    }
  }))
  return { name: 'sample', caption: '', spec: { title: `${name}, n = ${n}, seed ${seed}`, hconcat: charts } }
}

/** Draws the picture to a file, `.svg` or `.png`. */
export const plotTo = async (file: string, found: FoundFamily, seed: number): Promise<Outcome> => {
  const extension = path.extname(file).toLowerCase()
  if (extension !== '.svg' && extension !== '.png')
    return fail('usage', `--plot ${file}: expected a name in .svg or .png`)
  if (found.family._tag !== 'collocation') {
    return fail('usage', `--plot: ${found.name} has no picture; boundary value problems have one, such as diffusion`)
  }
  const made = await pen()
  if (E.isLeft(made)) return fail('backend', made.left)
  const drawn = await made.right(plotOf(found, seed))
  if (E.isLeft(drawn)) return fail('backend', drawn.left)
  try {
    await writeFile(file, extension === '.svg' ? drawn.right.svg : drawn.right.png)
  } catch (cause) {
    return fail(
      'input',
      showInput(systemError(file, cause, 'write')).replace('there is no such file', 'its folder does not exist')
    )
  }
  return E.right('done')
}
