/**
 * A model's derivation as a textbook sets it: every distinct layer once, its equations on the left, and beside each the
 * lines of the VJP that pull back through it, to be read upwards.
 */
import * as Dim from '../../spec/dim'
import type { Typed, TypedLayer } from '../../spec/infer'
import * as T from '../../spec/token'
import { lowerTo } from '../compile'
import type { Equations } from '../equation'
import * as X from '../expr'
import { showEquation } from '../formula'
import { simplify } from '../simplify'
import { squeeze } from '../squeeze'
import { type Line, type Section, sections } from './section'

/** Columns of a page. */
const width = 118

// --- lines -----------------------------------------------------------------------------------------------------------

const same = (name: string): string => name

const condition = (c: X.Condition): string => {
  const one = c._tag === 'less' && c.right._tag === 'size' && Dim.asConstant(c.right.dim) === 1
  const when: X.Condition = one ? { _tag: 'equal', left: c.left, right: X.position(0) } : c
  // An Iverson bracket prints the condition; here it stands without its bracket.
  const bracket = showEquation('', [], { _tag: 'where', when, yes: X.number(1), no: X.zero }, same)
  return bracket.slice(bracket.indexOf('[') + 1, -1)
}

const isOne = (e: X.Expr): boolean => e._tag === 'number' && e.value === 1
const isZero = (e: X.Expr): boolean => e._tag === 'number' && e.value === 0

/** Nested choices as a list of cases, the first that holds counts; a bracket `[i = c]` is a value and no choice. */
const cases = (e: X.Expr): readonly { readonly when: readonly string[]; readonly value: X.Expr }[] => {
  if (e._tag !== 'where' || (isOne(e.yes) && isZero(e.no))) return [{ when: [], value: e }]
  const inside = cases(e.yes).map((c) => ({ ...c, when: [condition(e.when), ...c.when] }))
  return [...inside, ...cases(e.no)]
}

/** The last cases that say what `else` says go without saying. */
const trimmed = (all: ReturnType<typeof cases>): ReturnType<typeof cases> => {
  const kept = [...all]
  const last = kept.pop()
  while (last !== undefined && JSON.stringify(kept.at(-1)?.value) === JSON.stringify(last.value)) kept.pop()
  return last === undefined ? all : [...kept, last]
}

/** Where a sum of terms may be broken: before a plus or minus outside every bracket. */
const terms = (text: string): readonly string[] => {
  const found: string[] = []
  let [depth, from] = [0, 0]
  for (let k = 0; k < text.length; k++) {
    const c = text[k] as string
    if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c)) depth--
    else if (depth === 0 && /^ [+-] $/.test(text.slice(k, k + 3)) && k > from) {
      found.push(text.slice(from, k))
      from = k + 1
    }
  }
  return [...found, text.slice(from)]
}

const wrapped = (text: string, room: number): readonly string[] => {
  if (text.length <= room) return [text]
  const indent = ' '.repeat(text.indexOf('=') + 2)
  const rows: string[] = []
  for (const term of terms(text)) {
    const last = rows.at(-1)
    if (last !== undefined && last.length + 1 + term.length <= room) rows[rows.length - 1] = `${last} ${term}`
    else rows.push(last === undefined ? term : `${indent}${term}`)
  }
  return rows
}

const rowsOf =
  (room: number) =>
  (line: Line): readonly string[] => {
    const all = trimmed(cases(line.value))
    if (all.length === 1) return wrapped(showEquation(line.defines, line.over, line.value, same), room)
    const shown = all.map(({ value }) => showEquation(line.defines, line.over, value, same))
    const at = (shown[0] as string).indexOf(' = ') + 3
    const values = shown.map((text) => text.slice(at))
    const column = Math.max(...values.map((v) => v.length)) + 3
    return all.map(({ when }, k) => {
      const head = k === 0 ? (shown[0] as string).slice(0, at) : ' '.repeat(at)
      return `${head}${(values[k] as string).padEnd(column)}${when.length === 0 ? 'else' : `if ${when.join(' and ')}`}`
    })
  }

/** A recurrence of many steps by its first, its second and its last: `u25 = ..`, `u24 = ..`, dots, `u1 = ..`. */
const shortened = (rows: readonly string[]): readonly string[] => {
  const shape = (row: string): string => row.replace(/\d+/g, '#')
  const found: string[] = []
  for (let k = 0; k < rows.length; ) {
    const row = rows[k] as string
    let end = k
    while (end + 1 < rows.length && shape(rows[end + 1] as string) === shape(row)) end++
    if (end - k < 4) found.push(...rows.slice(k, end + 1))
    else found.push(row, rows[k + 1] as string, '⋮', rows[end] as string)
    k = end + 1
  }
  return found
}

// --- sections --------------------------------------------------------------------------------------------------------

/** Rows beside rows, the shorter side filled up. */
const beside = (left: readonly string[], right: readonly string[], column: number): readonly string[] =>
  Array.from({ length: Math.max(left.length, right.length) }, (_, k) =>
    `${(left[k] ?? '').padEnd(column)}${right[k] ?? ''}`.trimEnd()
  )

const groupsOf = (s: Section): readonly number[] =>
  [...new Set([...s.vjp, ...s.forward].map((line) => line.group))].sort((p, q) => p - q)

const body = (s: Section): readonly string[] => {
  const left = s.forward.flatMap(rowsOf(width))
  if (s.vjp.length === 0) return left
  const column = Math.max('forward, downwards'.length, ...left.map((row) => row.length)) + 3
  const room = width - 2 - column
  const upwards = [...s.vjp].reverse()
  const heads = ['forward, downwards', 'VJP, upwards']
  if (room < 48) {
    return [
      heads[0] as string,
      ...shortened(left).map((row) => `  ${row}`),
      heads[1] as string,
      ...shortened(upwards.flatMap(rowsOf(width - 4))).map((row) => `  ${row}`)
    ]
  }
  return [
    ...beside([heads[0] as string], [heads[1] as string], column),
    ...groupsOf(s).flatMap((g) =>
      beside(
        shortened(s.forward.filter((l) => l.group === g).flatMap(rowsOf(column))),
        shortened(upwards.filter((l) => l.group === g).flatMap(rowsOf(room))),
        column
      )
    )
  ]
}

const textOf = (lines: readonly Line[]): string =>
  lines.map((l) => showEquation(l.defines, l.over, l.value, same)).join('\n')

/** The lines of a layer where the cotangents in `zeros` vanish, and all that they alone feed. */
const without = (lines: readonly Line[], given: ReadonlySet<string>): readonly Line[] => {
  const zeros = new Set(given)
  return lines.flatMap((line) => {
    const value = simplify(X.mapReads((r) => (zeros.has(r.tensor) ? X.zero : r))(line.value))
    if (isZero(value)) zeros.add(line.defines)
    return isZero(value) ? [] : [{ ...line, value }]
  })
}

/** Cotangents that come into a layer: read by its VJP and defined by none of its lines. */
const incoming = (s: Section): readonly string[] => {
  const own = new Set(s.vjp.map((l) => l.defines))
  return [...new Set(s.vjp.flatMap((l) => X.tensors(l.value)))].filter((t) => /^d.*'$/.test(t) && !own.has(t))
}

/** What of the general layer is zero in this one, when its lines are the general ones without those terms. */
const zerosOf = (general: Section, s: Section): readonly string[] | undefined => {
  const now = incoming(s)
  const zeros = incoming(general).filter((t) => !now.includes(t))
  return zeros.length > 0 && textOf(without(general.vjp, new Set(zeros))) === textOf(s.vjp) ? zeros : undefined
}

interface Group {
  readonly first: number
  readonly last: number
  readonly section: Section
  readonly notes: readonly string[]
}

/** Consecutive layers with the same equations are one group, those that lack some cotangents with a note. */
const grouped = (layers: readonly Section[]): readonly Group[] => {
  const groups: Group[] = []
  for (const [k, s] of layers.entries()) {
    const group = groups.at(-1)
    const alike =
      group !== undefined && group.section.title === s.title && textOf(group.section.forward) === textOf(s.forward)
    const zeros = alike && textOf(group.section.vjp) !== textOf(s.vjp) ? zerosOf(group.section, s) : []
    if (!alike || zeros === undefined) {
      groups.push({ first: k, last: k, section: s, notes: [] })
      continue
    }
    const word = zeros.length === 1 ? 'is' : 'are'
    const names = zeros.map((z) => z.slice(1)).join(', ')
    const note = `In layer ${k} nothing reads ${names}: ${zeros.join(', ')} ${word} zero, and what depends on it alone vanishes.`
    groups[groups.length - 1] = { ...group, last: k, notes: zeros.length === 0 ? group.notes : [...group.notes, note] }
  }
  return groups
}

const indented = (rows: readonly string[]): readonly string[] => rows.map((row) => (row === '' ? '' : `  ${row}`))

// --- the page --------------------------------------------------------------------------------------------------------

const linesOf = (s: Section): readonly Line[] => [...s.forward, ...s.vjp]

const indicesOf = (line: Line): readonly X.Index[] => [...line.over, ...X.reductions(line.value).flatMap((x) => x.over)]

/** The tokens whose coordinates a model works on, if it does. */
const inCoordinates = (typed: TypedLayer): T.Tokens | undefined =>
  typed.layer._tag === 'krylov'
    ? typed.children[0]?.before
    : typed.children.map(inCoordinates).find((found) => found !== undefined)

/** What the letters that are used stand for, with their ranges. */
const letters = (typed: Typed, all: readonly Section[]): readonly string[] => {
  const { tokens } = typed
  const used = all.flatMap(linesOf).flatMap(indicesOf)
  const sizes = (names: readonly string[]): string =>
    [...new Set(used.filter((i) => names.includes(i.name)).map((i) => Dim.show(i.dim)))].join(' or ')
  const inside = inCoordinates(typed.body)
  const blocks = T.squareParts(inside ?? tokens).map((p) => p.name)
  const rows: readonly (readonly [string, string, string])[] = [
    ['i k', 'tokens', `${Dim.show(tokens.count)}${tokens.query ? ', the query last' : ''}`],
    ['j', 'equations', Dim.show(Dim.n)],
    ['m p', 'blocks of a token', blocks.join(' ')],
    ['c d', 'places in a block or a token', sizes(['c', 'd'])],
    ['h', 'heads', sizes(['h'])],
    ...(inside === undefined
      ? [['q', 'coefficients', sizes(['q'])] as const]
      : [
          ['q r t', 'degrees in A', 'as many as an array reaches'] as const,
          ['f g e', 'generators of the Krylov space', 'b, then the ones'] as const
        ])
  ]
  return rows.flatMap(([names, what, range]) => {
    const own = names.split(' ').filter((name) => used.some((i) => i.name === name))
    return own.length === 0 ? [] : [`${own.join(' ').padEnd(inside === undefined ? 3 : 5)}  ${what}: ${range}`]
  })
}

/** `U [4,n+1,n]`: the arrays that a section defines going forward, without the axis of systems. */
const shapes = (s: Section): readonly string[] => {
  const all = s.forward.flatMap(({ defines, over }) => {
    const dims = over.filter((i) => i.name !== 's').map((i) => Dim.show(i.dim))
    return dims.length === 0 || /\d$/.test(defines) ? [] : [`${defines} [${dims.join(',')}]`]
  })
  return all.length === 0 ? [] : [`where ${all.join(', ')}`]
}

const cleaned = (typed: Typed): Equations => {
  const e = lowerTo({ _tag: 'vjp' }, typed)
  const fold = (x: Equations): Equations => ({
    ...x,
    equations: x.equations.map((eq) => ({ ...eq, value: simplify(eq.value) }))
  })
  return fold(squeeze(fold(e)))
}

/** The sections of a model's derivation, from the encoding to the readout, every layer by itself. */
export const derivation = (typed: Typed): readonly Section[] => sections(typed, cleaned(typed))

const layerTitle = ({ first, last, section }: Group): string =>
  `${first === last ? `Layer ${first}` : `Layers ${first} to ${last}`}: ${section.title}`

/** Forward and VJP of a model, each distinct layer once. */
export const showEquations = (typed: Typed): string => {
  const all = derivation(typed)
  const [encoding, readout] = [all[0] as Section, all.at(-1) as Section]
  const page = (title: string, s: Section): readonly string[] => ['', title, ...indented([...body(s), ...shapes(s)])]
  return [
    `${typed.model.name}: equations and their VJP`,
    '',
    'Every value has the index s of its system first, which is left out. [p] is 1 where p holds, else 0.',
    'The cotangent of w is dw; the one of a parameter is summed over systems, and over the layers that share it.',
    'Letters:',
    ...letters(typed, all).map((row) => `  ${row}`),
    ...page('Encoding', encoding),
    ...(encoding.forward.some((line) => line.defines === 'bhat') ? ['  The first layer reads bhat as b.'] : []),
    ...grouped(all.slice(1, -1)).flatMap((g) => [...page(layerTitle(g), g.section), ...indented(g.notes)]),
    ...page('Readout', readout)
  ].join('\n')
}
