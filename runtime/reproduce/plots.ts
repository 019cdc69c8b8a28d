/**
 * Drawing the plots of a report: a Vega-Lite specification becomes an SVG text, and that becomes PNG bytes; no screen, no
 * canvas, the same bytes everywhere. The libraries are read when the first plot is drawn.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as E from 'fp-ts/Either'

import type { Plot } from './row'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Drawn {
  readonly svg: string
  readonly png: Uint8Array
}

/** Draws a plot, or says in one sentence what is wrong with its specification. */
export type Pen = (plot: Plot) => Promise<E.Either<string, Drawn>>

type Spec = Readonly<Record<string, unknown>>

// --- looks -----------------------------------------------------------------------------------------------------------

const font = 'DejaVu Sans'

/** Pixels of a PNG for each of the SVG's. */
const zoom = 2

/** Colours that readers with any colour vision tell apart (Okabe and Ito, "Color universal design", 2008). */
export const colours: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#000000',
  '#8a8a8a',
  '#5d3a9b',
  '#7a4b00'
]

/** What all plots share; a specification's own `config` stands above it. */
const config: Spec = {
  background: 'white',
  font,
  view: { continuousWidth: 480, continuousHeight: 300, discreteWidth: 480, stroke: '#cccccc' },
  axis: {
    gridColor: '#e6e6e6',
    domainColor: '#888888',
    tickColor: '#888888',
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal'
  },
  legend: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', labelLimit: 0, symbolStrokeWidth: 2 },
  header: { labelFontSize: 12, titleFontSize: 12 },
  title: { fontSize: 13, anchor: 'start' },
  line: { strokeWidth: 2 },
  point: { size: 40, filled: true },
  range: { category: colours, diverging: { scheme: 'purpleorange' } }
}

/** `1e-6` and not `0.000001`, `0.1` and not `1e-1`. */
const powers =
  "datum.value < 1e-2 || datum.value >= 1e5 ? replace(format(datum.value, '.0e'), '+', '') : format(datum.value, '~g')"

/** From so many decades on, an axis shows powers of ten alone. */
const fewDecades = 5

const isRecord = (value: unknown): value is Spec => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Labels of logarithmic axes as powers of ten, wherever a channel does not say how it wants them. */
const readable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(readable)
  if (!isRecord(value)) return value
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'values' ? item : readable(item)])
  )
  const { scale, axis, legend } = inner
  if (!isRecord(scale) || scale['type'] !== 'log' || !('field' in inner || 'datum' in inner)) return inner
  const labelled = (own: unknown): unknown =>
    own === null || (isRecord(own) && ('labelExpr' in own || 'format' in own))
      ? own
      : { labelExpr: powers, tickCount: fewDecades, ...(isRecord(own) ? own : {}) }
  return { ...inner, axis: labelled(axis), ...(legend === undefined ? {} : { legend: labelled(legend) }) }
}

const merged = (below: Spec, above: Spec): Spec => {
  const both = (p: unknown, q: unknown): unknown => (isRecord(p) && isRecord(q) ? merged(p, q) : q)
  return {
    ...below,
    ...Object.fromEntries(Object.entries(above).map(([key, value]) => [key, both(below[key], value)]))
  }
}

/** A specification as it is compiled: with the shared looks and readable axes. */
export const dressed = (spec: Spec): Spec => {
  const own = isRecord(spec['config']) ? spec['config'] : {}
  return { ...(readable(spec) as Spec), config: merged(config, own) }
}

// --- libraries -------------------------------------------------------------------------------------------------------

/** What draws; none of them is needed for anything else. */
export const libraries: readonly string[] = ['vega', 'vega-lite', '@resvg/resvg-wasm', 'dejavu-fonts-ttf']

const missing = `plots are drawn by packages that are not installed here; try npm install ${libraries.join(' ')}`

const isAbsent = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND') &&
  libraries.some((name) => cause.message.includes(name))

const load = async () => {
  const near = createRequire(import.meta.url)
  const [vega, lite, resvg] = await Promise.all([import('vega'), import('vega-lite'), import('@resvg/resvg-wasm')])
  const fonts = ['DejaVuSans', 'DejaVuSans-Bold', 'DejaVuSans-Oblique'].map((name) =>
    readFile(near.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))
  )
  await resvg.initWasm(await readFile(near.resolve('@resvg/resvg-wasm/index_bg.wasm')))
  // A canvas, where one is installed, would measure text by the machine's own fonts; the types do not know of the switch.
  const { textMetrics } = vega as unknown as { readonly textMetrics: { readonly canvas: (use: boolean) => void } }
  textMetrics.canvas(false)
  return { vega, lite, Resvg: resvg.Resvg, fontBuffers: await Promise.all(fonts) }
}

let loaded: ReturnType<typeof load> | null = null

// --- drawing ---------------------------------------------------------------------------------------------------------

const sentence = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!

/** A pen, or in one sentence what must be installed first. */
export const pen = async (): Promise<E.Either<string, Pen>> => {
  loaded ??= load()
  let libs: Awaited<typeof loaded>
  try {
    libs = await loaded
  } catch (cause) {
    loaded = null
    if (isAbsent(cause)) return E.left(missing)
    throw cause
  }
  const { vega, lite, Resvg, fontBuffers } = libs
  const logger = vega.logger(vega.None)
  return E.right(async ({ name, spec }) => {
    try {
      const compiled = lite.compile(dressed(spec) as unknown as Parameters<typeof lite.compile>[0], { logger })
      const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logger })
      const svg = await view.toSVG()
      view.finalize()
      const options = { fontBuffers, defaultFontFamily: font, sansSerifFamily: font }
      const picture = new Resvg(svg, { font: options, fitTo: { mode: 'zoom', value: zoom } })
      const rendered = picture.render()
      const png = rendered.asPng()
      rendered.free()
      picture.free()
      return E.right({ svg, png })
    } catch (cause) {
      return E.left(
        `plot ${name}: expected a Vega-Lite specification that draws, found one that fails: ${sentence(cause)}`
      )
    }
  })
}
