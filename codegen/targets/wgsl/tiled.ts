/**
 * The text of a tiled contraction: every workgroup computes a tile of the output, whose operands pass through workgroup
 * memory, some terms at a time; every invocation keeps a small block of the tile in registers. Edges are guarded.
 */
import * as X from '../../expr'
import { showEquation } from '../../formula'
import type { Plan, PlanKernel } from '../../plan'
import { valueOf } from '../../schedules/affine'
import type { Contraction, ContractionAxis, Operand } from '../../schedules/contraction'
import { type Dialect, flatAddress } from '../dialect'
import { emit } from '../emit'
import { kernelAt, withPart } from './group'
import type { WgslKernel } from './program'
import { axesOf, binding, entry, extentsOf, functions, groupLine, indexLines, namer, quotient, words } from './text'
import { soleContraction, type Tiled } from './tiles'

interface Writer {
  readonly k: PlanKernel
  readonly tiled: Tiled
  readonly found: Contraction
  readonly dialect: Dialect
  readonly arrays: ReadonlyMap<string, string>
  readonly taken: readonly string[]
  readonly extentOf: (index: string) => number
}

type Side = 'batch' | 'm' | 'n' | 'k'

/** What the texts call a place along each side. */
const places: Readonly<Record<Side, string>> = { batch: 'matrix', m: 'row', n: 'column', k: 'term' }

const sides = (w: Writer, side: Side): readonly ContractionAxis[] => w.found[side]

// --- addresses -------------------------------------------------------------------------------------------------------

const scaled = (name: string, stride: number): string => (stride === 1 ? name : `${name} * ${stride}`)

/** Lines that take a side's place apart into its axes, and the terms of an address with their strides. */
const stretch = (w: Writer, side: Side, which: 'left' | 'right' | 'out', pad: string) => {
  const axes = sides(w, side)
  if (axes.length === 1) {
    const stride = axes[0]?.[which] ?? 0
    return { lines: [], terms: stride === 0 ? [] : [scaled(places[side], stride)] }
  }
  const names = axes.map((_, k) => `${places[side]}_${k}`)
  const used = axes.map((axis) => axis[which] !== 0)
  const lines = indexLines(
    places[side],
    names,
    axes.map((a) => a.size),
    pad
  ).filter((_, k) => used[k])
  return { lines, terms: axes.flatMap((axis, k) => (used[k] ? [scaled(names[k] ?? '', axis[which])] : [])) }
}

const address = (w: Writer, those: readonly Side[], which: 'left' | 'right' | 'out', offset: number, pad: string) => {
  const parts = those.map((side) => stretch(w, side, which, pad))
  const terms = [...(offset === 0 ? [] : [String(offset)]), ...parts.flatMap((p) => p.terms)]
  return { lines: parts.flatMap((p) => p.lines), text: terms.length === 0 ? '0' : terms.join(' + ') }
}

/** Lines that give every index of these sides its value. */
const indicesOf = (w: Writer, those: readonly Side[], pad: string) => {
  const fresh = namer([...w.taken])
  const scope = new Map<string, string>()
  const lines = those.flatMap((side) => {
    const names = sides(w, side).flatMap((axis) => axis.names)
    const own = names.map((name) => fresh(name))
    for (const [k, name] of names.entries()) scope.set(name, own[k] ?? '')
    return indexLines(places[side], own, names.map(w.extentOf), pad)
  })
  return { lines, scope }
}

// --- functions -------------------------------------------------------------------------------------------------------

/** Places beyond an edge, for the sides whose size the tile does not divide. */
const beyond = (w: Writer, those: readonly ('m' | 'n' | 'k')[]): string => {
  const { sizes, tile } = w.tiled
  return those.flatMap((s) => (sizes[s] % tile[s] === 0 ? [] : [`${places[s]} >= ${sizes[s]}`])).join(' || ')
}

const guard = (test: string, leave: string): readonly string[] =>
  test === '' ? [] : [`  if (${test}) {`, `    ${leave}`, '  }']

const loadLines = (w: Writer, which: 'left' | 'right', operand: Operand): readonly string[] => {
  const those = which === 'left' ? (['m', 'k'] as const) : (['k', 'n'] as const)
  const all: readonly Side[] = ['batch', ...those]
  const head = `fn ${which}_at(${all.map((side) => `${places[side]}: i32`).join(', ')}) -> f32 {`
  if (operand.read !== null) {
    const { lines, text } = address(w, all, which, operand.read.offset, '  ')
    const array = w.arrays.get(operand.read.label)
    return [head, ...guard(beyond(w, those), 'return 0.0;'), ...lines, `  return ${array}[${text}];`, '}']
  }
  const { lines, scope } = indicesOf(w, all, '  ')
  const body = emit(operand.value, scope, [...w.taken, ...Object.values(places)], w.dialect, '  ')
  return [head, ...guard(beyond(w, those), 'return 0.0;'), ...lines, ...body.lines, `  return ${body.result};`, '}']
}

const theSum = 'the sum'

const storeLines = (w: Writer, result: string): readonly string[] => {
  const all: readonly Side[] = ['batch', 'm', 'n']
  const { lines, text } = address(w, all, 'out', 0, '  ')
  const total = X.multiply(w.found.scale, X.tensor(theSum)())
  const one = w.found.scale._tag === 'number' && w.found.scale.value === 1
  const value = withPart(w.k.value, w.found.sum, one ? X.tensor(theSum)() : total)
  const indices = indicesOf(w, all, '  ')
  const read: Dialect['read'] = (label, at) => (label === theSum ? 'total' : w.dialect.read(label, at))
  const body = emit(value, indices.scope, [...w.taken, ...Object.values(places), 'total'], { ...w.dialect, read }, '  ')
  const plain = value._tag === 'read'
  return [
    `fn store(${all.map((side) => `${places[side]}: i32`).join(', ')}, total: f32) {`,
    ...guard(beyond(w, ['m', 'n']), 'return;'),
    ...lines,
    ...(plain ? [] : indices.lines),
    ...body.lines,
    `  ${result}[${text}] = ${body.result};`,
    '}'
  ]
}

// --- the tile --------------------------------------------------------------------------------------------------------

/** Whether neighbours along the terms are neighbours in the operand's array. */
const alongTerms = (found: Contraction, which: 'left' | 'right'): boolean => {
  const operand = found[which]
  return operand.read === null ? which === 'left' : found.k[found.k.length - 1]?.[which] === 1
}

/** One operand's stretch of a tile to workgroup memory, four numbers across the terms at a time. */
const fillLines = (w: Writer, which: 'left' | 'right', row: number): readonly string[] => {
  const { tile, width } = w.tiled
  const quads = (which === 'left' ? tile.m : tile.n) / 4
  const count = quads * tile.k
  const along = alongTerms(w.found, which)
  const [quad, term] = along ? [`at / ${tile.k}`, `at % ${tile.k}`] : [`at % ${quads}`, `at / ${quads}`]
  const side = which === 'left' ? 'top' : 'start'
  const call = (k: number): string => {
    const place = k === 0 ? 'across' : `across + ${k}`
    return which === 'left' ? `left_at(matrix, ${place}, k)` : `right_at(matrix, k, ${place})`
  }
  return [
    `    for (var at = lane; at < ${count}; at += ${width}) {`,
    `      let k = term + ${term};`,
    `      let across = ${side} + 4 * (${quad});`,
    `      ${which}[(${term}) * ${row} + ${quad}] = vec4<f32>(${[0, 1, 2, 3].map(call).join(', ')});`,
    '    }'
  ]
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

export const printTiled = (plan: Plan, tiled: Tiled, most: number): WgslKernel => {
  const k = kernelAt(plan, tiled.launch)
  const found = soleContraction(plan, tiled.launch)
  if (found === null) throw new Error(`internal: launch ${tiled.launch} is no contraction`)
  const { tile, sizes, width, groups } = tiled
  const fresh = namer([
    'left',
    'right',
    'left_at',
    'right_at',
    'store',
    'top',
    'start',
    'across',
    'down',
    'aside',
    'total',
    'k',
    ...Object.values(places)
  ])
  const arrays = new Map(k.parameters.map((p) => [p.label, fresh(p.label)]))
  const result = fresh(arrays.has(k.label) ? `${k.label}_next` : k.label)
  const entryName = fresh(k.name)
  const dims = axesOf(plan, k)
  const all = [...k.over, ...found.sum.over]
  const w: Writer = {
    k,
    tiled,
    found,
    arrays,
    taken: [...arrays.values(), result, entryName, 'left', 'right', 'left_at', 'right_at', 'store'],
    extentOf: (name) =>
      extentsOf(
        plan,
        all.filter((i) => i.name === name)
      )[0] ?? 1,
    dialect: {
      words,
      functions,
      size: (d) => String(valueOf(plan.sizes)(d)),
      quotient,
      read: (label, at) => `${arrays.get(label)}[${flatAddress(dims.get(label) ?? [], at)}]`
    }
  }
  // A column of the left operand's tile is padded, so that writing along the terms hits different banks.
  const rows = {
    left: tile.m / 4 + (alongTerms(found, 'left') ? 1 : 0),
    right: tile.n / 4 + (alongTerms(found, 'right') ? 1 : 0)
  }
  const across = tile.n / tile.rn
  const [tilesM, tilesN] = [Math.ceil(sizes.m / tile.m), Math.ceil(sizes.n / tile.n)]
  const quads = tile.rn / 4
  const component = ['x', 'y', 'z', 'w']
  const lefts = range(Math.ceil(tile.rm / 4))
  const wide = tile.rm >= 4
  const source = [
    `// ${showEquation(k.label, k.over, k.value, (name) => name)}`,
    `// ${sizes.batch} products [${sizes.m} x ${sizes.k}].[${sizes.k} x ${sizes.n}] in tiles of ${tile.m} x ${tile.n}, ${tile.k} terms at a time`,
    ...[...arrays.values()].map((name, at) => binding(at, 'read', name)),
    binding(arrays.size, 'read_write', result),
    `var<workgroup> left: array<vec4<f32>, ${tile.k * rows.left}>;`,
    `var<workgroup> right: array<vec4<f32>, ${tile.k * rows.right}>;`,
    '',
    ...loadLines(w, 'left', found.left),
    '',
    ...loadLines(w, 'right', found.right),
    '',
    ...storeLines(w, result),
    '',
    ...entry(entryName, width),
    groupLine(groups, most),
    ...(groups > most ? [`  if (tile >= ${groups}) {`, '    return;', '  }'] : []),
    `  let matrix = tile / ${tilesM * tilesN};`,
    `  let top = tile / ${tilesN} % ${tilesM} * ${tile.m};`,
    `  let start = tile % ${tilesN} * ${tile.n};`,
    `  let down = lane / ${across} * ${tile.rm};`,
    `  let aside = lane % ${across};`,
    ...range(tile.rm).flatMap((r) => range(quads).map((q) => `  var acc_${r}_${q} = vec4<f32>();`)),
    `  for (var term = 0; term < ${sizes.k}; term += ${tile.k}) {`,
    ...fillLines(w, 'left', rows.left),
    ...fillLines(w, 'right', rows.right),
    '    workgroupBarrier();',
    `    for (var k = 0; k < ${tile.k}; k++) {`,
    ...lefts.map((l) => `      let l${l} = left[k * ${rows.left} + down / 4${l === 0 ? '' : ` + ${l}`}];`),
    ...range(quads).map(
      (q) =>
        `      let r${q} = right[k * ${rows.right} + aside${quads === 1 ? '' : ` * ${quads}`}${q === 0 ? '' : ` + ${q}`}];`
    ),
    ...range(tile.rm).flatMap((r) =>
      range(quads).map((q) => {
        const part = wide ? `l${Math.floor(r / 4)}.${component[r % 4]}` : `l0[down % 4 + ${r}]`
        return `      acc_${r}_${q} += ${part} * r${q};`
      })
    ),
    '    }',
    '    workgroupBarrier();',
    '  }',
    ...range(tile.rm).flatMap((r) =>
      range(tile.rn).map((c) => {
        const [row, column] = [
          r === 0 ? 'top + down' : `top + down + ${r}`,
          `start + aside * ${tile.rn}${c === 0 ? '' : ` + ${c}`}`
        ]
        return `  store(matrix, ${row}, ${column}, acc_${r}_${Math.floor(c / 4)}.${component[c % 4]});`
      })
    ),
    '}',
    ''
  ].join('\n')
  return {
    name: entryName,
    source,
    access: [...k.parameters.map(() => 'read' as const), 'read_write'],
    workgroupBytes: 16 * tile.k * (rows.left + rows.right)
  }
}
