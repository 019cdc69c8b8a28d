/**
 * From a kernel's expression to statements of a small language: loops, one accumulator, `return`. The printers of
 * JavaScript-like targets share it; they differ in how an array is read and how a size is written.
 */
import * as X from '../expr'
import type { Dialect } from './dialect'
import { unrolled } from './unroll'
import { condition, newName, position, type Scope, type Writer, wrap } from './writer'

// --- expressions -----------------------------------------------------------------------------------------------------

export const hasLoop = (e: X.Expr): boolean => X.isReduction(e) || X.parts(e).some(hasLoop)
const hasBranch = (e: X.Expr): boolean => e._tag === 'where' || X.parts(e).some(hasBranch)

const negative = (e: X.Expr): X.Expr | undefined => {
  if (e._tag !== 'multiply') return undefined
  const [first, ...rest] = e.factors
  if (first?._tag !== 'number' || first.value >= 0) return undefined
  return X.multiply(...(first.value === -1 ? rest : [X.number(-first.value), ...rest]))
}

/** An expression as text; sums and branches inside it are computed before it, into variables. */
const inline = (w: Writer, scope: Scope, e: X.Expr, pad: string): string => {
  const { words } = w.dialect
  switch (e._tag) {
    case 'number':
      return words.number(e.value)
    case 'extent':
      return words.extent(w.dialect.size(e.dim))
    case 'read':
      return w.dialect.read(
        e.tensor,
        e.at.map((p) => position(w, scope, p))
      )
    case 'sum': {
      const name = newName(w, 'acc')
      w.lines.push(`${pad}${words.variable(name, words.number(0))}`)
      accumulate(w, scope, e, name, '+', pad)
      return name
    }
    case 'max': {
      const name = newName(w, 'top')
      w.lines.push(`${pad}${words.variable(name, words.number(words.lowest))}`)
      looped(w, scope, e.over, pad, (inner, deep) => {
        const text = inline(w, inner, e.body, deep)
        w.lines.push(`${deep}${name} = ${words.max}(${name}, ${text});`)
      })
      return name
    }
    case 'exp':
    case 'erf':
    case 'tanh': {
      const of = inline(w, scope, e.of, pad)
      return w.dialect.functions[e._tag](of, {
        variable: (wish, value) => {
          const name = newName(w, wish)
          w.lines.push(`${pad}${words.variable(name, value)}`)
          return name
        },
        statement: (text) => w.lines.push(`${pad}${text}`)
      })
    }
    case 'where': {
      const name = newName(w, 'pick')
      w.lines.push(`${pad}${words.variable(name, words.number(0))}`)
      accumulate(w, scope, e, name, '+', pad)
      return name
    }
    case 'add':
      return e.terms
        .map((t, k) => {
          const positive = negative(t)
          const text = inline(w, scope, positive ?? t, pad)
          const part = (positive ?? t)._tag === 'add' ? `(${text})` : text
          if (positive !== undefined) return k === 0 ? `-${wrap(part)}` : ` - ${part}`
          return k === 0 ? part : ` + ${part}`
        })
        .join('')
    case 'multiply':
      return e.factors
        .map((f, k) => {
          const text = inline(w, scope, f, pad)
          return f._tag === 'add' || (f._tag === 'divide' && k > 0) || (f._tag === 'multiply' && k > 0)
            ? `(${text})`
            : text
        })
        .join(' * ')
    case 'divide': {
      const [over, by] = [inline(w, scope, e.over, pad), inline(w, scope, e.by, pad)]
      const top = e.over._tag === 'add' ? `(${over})` : over
      const low = e.by._tag === 'add' || e.by._tag === 'multiply' || e.by._tag === 'divide' ? `(${by})` : by
      return `${top} / ${low}`
    }
    case 'sqrt':
      return `${words.sqrt}(${inline(w, scope, e.of, pad)})`
    case 'largest':
      return `${words.max}(${inline(w, scope, e.of[0], pad)}, ${inline(w, scope, e.of[1], pad)})`
  }
}

/** Loops over indices around what `body` writes. */
const looped = (
  w: Writer,
  scope: Scope,
  over: readonly X.Index[],
  pad: string,
  body: (inner: Scope, deep: string) => void
): void => {
  const inner = new Map(scope)
  let deep = pad
  for (const i of over) {
    const name = newName(w, i.name)
    inner.set(i.name, name)
    w.lines.push(`${deep}${w.dialect.words.loop(name, w.dialect.size(i.dim))}`)
    deep += '  '
  }
  body(inner, deep)
  for (const _ of over) {
    deep = deep.slice(2)
    w.lines.push(`${deep}}`)
  }
}

/** Add an expression to a variable: loops and branches become statements around it. */
const accumulate = (w: Writer, scope: Scope, e: X.Expr, into: string, sign: '+' | '-', pad: string): void => {
  switch (e._tag) {
    case 'add':
      if (e.terms.some((t) => hasLoop(t) || hasBranch(t))) {
        for (const t of e.terms) accumulate(w, scope, t, into, sign, pad)
        return
      }
      break
    case 'sum':
      addSum(w, scope, e, into, sign, pad)
      return
    case 'where': {
      const none = (x: X.Expr): boolean => x._tag === 'number' && x.value === 0
      const test = condition(w, scope, e.when)
      if (none(e.yes)) w.lines.push(`${pad}if (!(${test})) {`)
      else {
        w.lines.push(`${pad}if (${test}) {`)
        accumulate(w, scope, e.yes, into, sign, `${pad}  `)
        if (!none(e.no)) w.lines.push(`${pad}} else {`)
      }
      if (!none(e.no)) accumulate(w, scope, e.no, into, sign, `${pad}  `)
      w.lines.push(`${pad}}`)
      return
    }
    case 'multiply': {
      const positive = negative(e)
      if (positive !== undefined) {
        accumulate(w, scope, positive, into, sign === '+' ? '-' : '+', pad)
        return
      }
      break
    }
    case 'number':
    case 'extent':
    case 'read':
    case 'divide':
    case 'sqrt':
    case 'max':
    case 'exp':
    case 'erf':
    case 'tanh':
    case 'largest':
      break
  }
  const text = inline(w, scope, e, pad)
  w.lines.push(`${pad}${into} ${sign}= ${text};`)
}

/** The turns of a sum as the dialect wants them: a loop, or several turns in one statement. */
const addSum = (
  w: Writer,
  scope: Scope,
  e: Extract<X.Expr, { _tag: 'sum' }>,
  into: string,
  sign: '+' | '-',
  pad: string
): void => {
  const plan = unrolled(e, w.dialect.unroll)
  if (plan === null) {
    looped(w, scope, e.over, pad, (inner, deep) => accumulate(w, inner, e.body, into, sign, deep))
    return
  }
  const positive = negative(e.body)
  const own = positive === undefined ? sign : sign === '+' ? '-' : '+'
  const statement = (inner: Scope, turns: readonly Scope[], deep: string): void => {
    const terms = turns.map((turn) => inline(w, new Map([...inner, ...turn]), positive ?? e.body, deep))
    w.lines.push(`${deep}${into} ${own}= ${terms.join(` +\n${deep}  `)};`)
  }
  looped(w, scope, plan.outer, pad, (inner, deep) => {
    if (plan.stepped !== null) {
      const { index, by, to } = plan.stepped
      const name = newName(w, index)
      w.lines.push(`${deep}${w.dialect.words.steps(name, to, by)}`)
      const turns = Array.from({ length: by }, (_, k) => new Map([[index, k === 0 ? name : `${name} + ${k}`]]))
      statement(inner, turns, `${deep}  `)
      w.lines.push(`${deep}}`)
    }
    for (const turns of plan.statements) statement(inner, turns, deep)
  })
}

/** Split a sum of terms into those that are plain text and those that need loops or branches. */
const split = (e: X.Expr): { readonly plain: readonly X.Expr[]; readonly rest: readonly X.Expr[] } => {
  const terms = e._tag === 'add' ? e.terms : [e]
  const needs = (t: X.Expr): boolean => hasLoop(t) || hasBranch(t)
  return { plain: terms.filter((t) => !needs(t)), rest: terms.filter(needs) }
}

/**
 * The statements that compute a kernel's value, and the text that stands for it at the end. `scope` names the variables
 * of the output's indices; `labels` are names that no variable may take.
 */
export const emit = (
  value: X.Expr,
  scope: Scope,
  labels: readonly string[],
  dialect: Dialect,
  pad: string
): { readonly lines: readonly string[]; readonly result: string } => {
  const w: Writer = { lines: [], taken: new Set([...labels, ...scope.values()]), dialect }
  const { plain, rest } = split(value)
  if (rest.length === 0) {
    const result = inline(w, scope, value, pad)
    return { lines: w.lines, result }
  }
  const [only] = rest
  const direct = rest.length > 1 || plain.length > 0 || only?._tag === 'sum' || only?._tag === 'where'
  if (!direct) {
    const result = inline(w, scope, value, pad)
    return { lines: w.lines, result }
  }
  const acc = newName(w, 'acc')
  const first = plain.length === 0 ? X.zero : X.add(...plain)
  w.lines.push(`${pad}${dialect.words.variable(acc, inline(w, scope, first, pad))}`)
  for (const t of rest) accumulate(w, scope, t, acc, '+', pad)
  return { lines: w.lines, result: acc }
}

/** A choice without loops, as early returns: `if (i < n) { return ...; }` and so on to the last. */
export const branches = (
  value: X.Expr,
  scope: Scope,
  labels: readonly string[],
  dialect: Dialect
): readonly string[] => {
  const w: Writer = { lines: [], taken: new Set([...labels, ...scope.values()]), dialect }
  const visit = (e: X.Expr, pad: string): void => {
    if (e._tag !== 'where') {
      w.lines.push(`${pad}return ${inline(w, scope, e, pad)};`)
      return
    }
    w.lines.push(`${pad}if (${condition(w, scope, e.when)}) {`)
    visit(e.yes, `${pad}  `)
    w.lines.push(`${pad}}`)
    visit(e.no, pad)
  }
  visit(value, '  ')
  return w.lines
}
