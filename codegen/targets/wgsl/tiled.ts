/**
 * The text of a tiled contraction: every workgroup computes a tile of the output, whose operands pass through workgroup
 * memory, some terms at a time; every invocation keeps a small block of the tile in registers. Edges are guarded.
 */
import * as X from '../../expr'
import { showEquation } from '../../formula'
import type { Plan } from '../../plan'
import { valueOf } from '../../schedules/affine'
import type { Contraction, Operand } from '../../schedules/contraction'
import { type Dialect, flatAddress } from '../dialect'
import { emit } from '../emit'
import { labelsOf, type PrintedGroup } from './fused'
import { arrayOf, kernelAt, usesOf, withPart } from './group'
import type { Access } from './program'
import { address, indicesOf, places, range, type Side, type TileWriter } from './sides'
import { axesOf, binding, entry, extentsOf, functions, groupLine, namer, quotient, words } from './text'
import { soleContraction, type Tiled } from './tiles'

// --- functions -------------------------------------------------------------------------------------------------------

/** Places beyond an edge, for the sides whose size the tile does not divide. */
const beyond = (w: TileWriter, those: readonly ('m' | 'n' | 'k')[]): string => {
  const { sizes, tile } = w.tiled
  return those.flatMap((s) => (sizes[s] % tile[s] === 0 ? [] : [`${places[s]} >= ${sizes[s]}`])).join(' || ')
}

const guard = (test: string, leave: string): readonly string[] =>
  test === '' ? [] : [`  if (${test}) {`, `    ${leave}`, '  }']

const loadLines = (w: TileWriter, which: 'left' | 'right', operand: Operand): readonly string[] => {
  const those = which === 'left' ? (['m', 'k'] as const) : (['k', 'n'] as const)
  const all: readonly Side[] = ['batch', ...those]
  const head = `fn ${which}_at(${all.map((side) => `${places[side]}: i32`).join(', ')}) -> f32 {`
  if (operand.read !== null) {
    const { lines, text } = address(w, all, which, operand.read.offset, '  ')
    const array = w.arrayAt(operand.read.label)
    return [head, ...guard(beyond(w, those), 'return 0.0;'), ...lines, `  return ${array}[${text}];`, '}']
  }
  const { lines, scope } = indicesOf(w, all, '  ')
  const body = emit(operand.value, scope, [...w.taken, ...Object.values(places)], w.dialectAt(w.tiled.launch), '  ')
  return [head, ...guard(beyond(w, those), 'return 0.0;'), ...lines, ...body.lines, `  return ${body.result};`, '}']
}

const theSum = 'the sum'

/** The statements of one launch in a block of its own, which leave its number in a variable. */
const elementOf = (variable: string, body: ReturnType<typeof emit>): readonly string[] =>
  body.lines.length === 0
    ? [`  let ${variable} = ${body.result};`]
    : [
        `  var ${variable} = 0.0;`,
        '  {',
        ...body.lines.map((l) => `  ${l}`),
        `    ${variable} = ${body.result};`,
        '  }'
      ]

const storeLines = (w: TileWriter): readonly string[] => {
  const { plan, tiled, found } = w
  const all: readonly Side[] = ['batch', 'm', 'n']
  const { lines, text } = address(w, all, 'out', 0, '  ')
  const total = X.multiply(found.scale, X.tensor(theSum)())
  const one = found.scale._tag === 'number' && found.scale.value === 1
  const indices = indicesOf(w, all, '  ')
  const values = new Map<string, string>()
  const taken = [...w.taken, ...Object.values(places), 'total']
  const head = w.k.over.map((i) => indices.scope.get(i.name) ?? '0')
  const launches = range(tiled.last - tiled.launch + 1).map((k) => tiled.launch + k)
  const body = launches.flatMap((at) => {
    const k = kernelAt(plan, at)
    const output = plan.launches[at]?.output ?? ''
    const own = at === tiled.launch ? withPart(k.value, found.sum, one ? X.tensor(theSum)() : total) : k.value
    const dialect = w.dialectAt(at)
    const read: Dialect['read'] = (label, place) =>
      label === theSum ? 'total' : (values.get(arrayOf(plan, at, label)) ?? dialect.read(label, place))
    const scope = new Map(k.over.map((i, axis) => [i.name, head[axis] ?? '0']))
    const made = emit(own, scope, [...taken, ...values.values()], { ...dialect, read }, '  ')
    const stored = w.stored.get(output)
    const note = at === tiled.launch ? [] : [`  // ${showEquation(k.label, k.over, k.value, (name) => name)}`]
    if (launches.length === 1) return [...made.lines, `  ${stored}[${text}] = ${made.result};`]
    const variable = `value_${at - tiled.launch}`
    values.set(output, variable)
    return [
      ...note,
      ...elementOf(variable, made),
      ...(stored === undefined ? [] : [`  ${stored}[${text}] = ${variable};`])
    ]
  })
  const plain = launches.length === 1 && one && w.k.value === found.sum
  return [
    `fn store(${all.map((side) => `${places[side]}: i32`).join(', ')}, total: f32) {`,
    ...guard(beyond(w, ['m', 'n']), 'return;'),
    ...lines,
    ...(plain ? [] : indices.lines),
    ...body,
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
const fillLines = (w: TileWriter, which: 'left' | 'right', row: number): readonly string[] => {
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

export const printTiled = (plan: Plan, tiled: Tiled, most: number): PrintedGroup => {
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
  const { launch, last } = tiled
  const launches = plan.launches.slice(launch, last + 1)
  const made = launches.map((l) => l.output)
  const uses = usesOf(plan)
  const labels = labelsOf(plan, launch, last)
  const inputs = [...new Set(launches.flatMap((l) => l.inputs))].filter((name) => !made.includes(name))
  const outputs = made.filter((name) => launches.length === 1 || uses.isReadAfter(last, name))
  const named = (names: readonly string[]) => new Map(names.map((name) => [name, fresh(labels.get(name) ?? 'array')]))
  const [arrays, stored] = [named(inputs), named(outputs)]
  const entryName = fresh(k.name)
  const all = [...k.over, ...found.sum.over]
  const w: TileWriter = {
    k,
    plan,
    tiled,
    found,
    stored,
    arrayAt: (label) => arrays.get(arrayOf(plan, launch, label)) ?? '',
    taken: [...arrays.values(), ...stored.values(), entryName, 'left', 'right', 'left_at', 'right_at', 'store'],
    extentOf: (name) =>
      extentsOf(
        plan,
        all.filter((i) => i.name === name)
      )[0] ?? 1,
    dialectAt: (at) => ({
      words,
      functions,
      size: (d) => String(valueOf(plan.sizes)(d)),
      quotient,
      read: (label, place) =>
        `${arrays.get(arrayOf(plan, at, label))}[${flatAddress(axesOf(plan, kernelAt(plan, at)).get(label) ?? [], place)}]`
    })
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
    ...[...stored.values()].map((name, at) => binding(arrays.size + at, 'read_write', name)),
    `var<workgroup> left: array<vec4<f32>, ${tile.k * rows.left}>;`,
    `var<workgroup> right: array<vec4<f32>, ${tile.k * rows.right}>;`,
    '',
    ...loadLines(w, 'left', found.left),
    '',
    ...loadLines(w, 'right', found.right),
    '',
    ...storeLines(w),
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
  const access: readonly Access[] = [...inputs.map(() => 'read' as const), ...outputs.map(() => 'read_write' as const)]
  const workgroupBytes = 16 * tile.k * (rows.left + rows.right)
  const bound = [...inputs, ...outputs].map((name) => ({ _tag: 'array', name }) as const)
  return { kernel: { name: entryName, source, access, workgroupBytes }, bound, groups }
}
