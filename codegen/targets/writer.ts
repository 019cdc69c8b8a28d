/** What writing a kernel takes: its lines so far, names that are free, and positions as text. */
import * as Dim from '../../spec/dim'
import type * as X from '../expr'
import type { Dialect } from './dialect'

/** Statements in order, each a line with its indentation, and the names taken so far. */
export interface Writer {
  readonly lines: string[]
  readonly taken: Set<string>
  readonly dialect: Dialect
}

const simple = /^[\w.[\]]+$/

export const wrap = (text: string): string => (simple.test(text) ? text : `(${text})`)

export const newName = (w: Writer, wish: string): string => {
  let name = wish
  for (let k = 2; w.taken.has(name); k++) name = `${wish.replace(/\d+$/, '')}${k}`
  w.taken.add(name)
  return name
}

// --- positions and conditions ----------------------------------------------------------------------------------------

/** The variable that holds an index: sums of the same letter get names of their own. */
export type Scope = ReadonlyMap<string, string>

export const position = (w: Writer, scope: Scope, p: X.Position): string => {
  const { dialect } = w
  switch (p._tag) {
    case 'index': {
      const name = scope.get(p.name)
      if (name === undefined) throw new Error(`internal: index ${p.name} is not bound in a kernel`)
      return name
    }
    case 'size':
      return dialect.size(p.dim)
    case 'plus': {
      const left = position(w, scope, p.left)
      if (p.right._tag === 'size') {
        const lowered = Dim.times(-1, p.right.dim)
        if (lowered.terms.every((t) => t.coefficient > 0)) return `${left} - ${wrap(dialect.size(lowered))}`
      }
      const right = position(w, scope, p.right)
      return left === '0' ? right : right === '0' ? left : `${left} + ${right}`
    }
    case 'times': {
      const of = position(w, scope, p.of)
      return of === '0' ? of : of === '1' ? dialect.size(p.by) : `${wrap(of)} * ${wrap(dialect.size(p.by))}`
    }
    case 'quotient':
      return dialect.quotient(position(w, scope, p.of), dialect.size(p.by))
    case 'remainder': {
      const [of, by] = [wrap(position(w, scope, p.of)), wrap(dialect.size(p.by))]
      return `${of} - ${dialect.quotient(of, by)} * ${by}`
    }
  }
}

export const condition = (w: Writer, scope: Scope, c: X.Condition): string => {
  const [left, right] = [position(w, scope, c.left), position(w, scope, c.right)]
  return `${left} ${c._tag === 'less' ? '<' : w.dialect.words.equal} ${right}`
}
