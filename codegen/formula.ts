/**
 * Formulas: expressions as a textbook prints them, `S[i,j] = Σm,c U[m,i,c] X[m,j,c] + u[i] b[j]`. The index of the system,
 * which stands first everywhere, is left out.
 */
import * as Dim from '../spec/dim'
import * as X from './expr'

/** The one printer of numbers: finite, shortest text that reads back as the same float64. */
export const showNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw new Error(`internal: a constant is ${value}`)
  return String(value)
}

const showPosition = (p: X.Position): string => {
  switch (p._tag) {
    case 'index':
      return p.name
    case 'size':
      return Dim.show(p.dim)
    case 'plus': {
      const right = showPosition(p.right)
      return right.startsWith('-') ? `${showPosition(p.left)}${right}` : `${showPosition(p.left)}+${right}`
    }
    case 'times':
      return Dim.asConstant(p.by) === -1 ? `-${showPosition(p.of)}` : `${Dim.show(p.by)}${showPosition(p.of)}`
    case 'quotient':
      return `⌊(${showPosition(p.of)})/${Dim.show(p.by)}⌋`
    case 'remainder':
      return `(${showPosition(p.of)}) mod ${Dim.show(p.by)}`
  }
}

export type Names = (tensor: string) => string

const brackets = (positions: readonly X.Position[]): string => {
  const shown = positions.filter((p) => !(p._tag === 'index' && p.name === 's')).map(showPosition)
  return shown.length === 0 ? '' : `[${shown.join(',')}]`
}

/** How tightly an expression binds: a factor, a term, or a sum. */
type Level = 'factor' | 'term' | 'sum'

const levels: readonly Level[] = ['factor', 'term', 'sum']

const levelOf = (e: X.Expr): Level => {
  switch (e._tag) {
    case 'number':
    case 'extent':
    case 'read':
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
    case 'largest':
    case 'where':
      return 'factor'
    case 'multiply':
    case 'divide':
    case 'sum':
    case 'max':
      return 'term'
    case 'add':
      return 'sum'
  }
}

/** A term led by minus one, without it. */
const negated = (e: X.Expr): X.Expr | undefined => {
  if (e._tag !== 'multiply') return undefined
  const [first, ...rest] = e.factors
  if (first?._tag !== 'number' || first.value >= 0) return undefined
  return X.multiply(...(first.value === -1 ? rest : [X.number(-first.value), ...rest]))
}

export const formulaOf = (names: Names) => {
  const show = (e: X.Expr, most: Level): string => {
    const text = plain(e)
    return levels.indexOf(levelOf(e)) <= levels.indexOf(most) ? text : `(${text})`
  }
  const plain = (e: X.Expr): string => {
    switch (e._tag) {
      case 'number':
        return showNumber(e.value)
      case 'extent':
        return Dim.show(e.dim)
      case 'read':
        return `${names(e.tensor)}${brackets(e.at)}`
      case 'sum': {
        const over = e.over.map((i) => i.name).join(',')
        return `Σ${over} ${show(e.body, 'term')}`
      }
      case 'max':
        return `max_${e.over.map((i) => i.name).join(',')} ${show(e.body, 'term')}`
      case 'add':
        return e.terms
          .map((t, k) => {
            const positive = negated(t)
            if (positive !== undefined) return `${k === 0 ? '-' : ' - '}${show(positive, 'term')}`
            return `${k === 0 ? '' : ' + '}${show(t, 'term')}`
          })
          .join('')
      case 'multiply':
        return e.factors
          .map((f, k) => (f._tag === 'sum' && k === e.factors.length - 1 ? plain(f) : show(f, 'factor')))
          .join(' ')
      case 'divide':
        return `${show(e.over, 'term')} / ${show(e.by, 'factor')}`
      case 'sqrt':
        return `√(${plain(e.of)})`
      case 'exp':
      case 'erf':
      case 'tanh':
        return `${e._tag}(${plain(e.of)})`
      case 'largest':
        return `max(${plain(e.of[0])}, ${plain(e.of[1])})`
      case 'where': {
        const sign = e.when._tag === 'less' ? '<' : '='
        const condition = `[${showPosition(e.when.left)} ${sign} ${showPosition(e.when.right)}]`
        const zero = e.no._tag === 'number' && e.no.value === 0
        const one = e.yes._tag === 'number' && e.yes.value === 1
        if (zero) return one ? condition : `${condition} ${show(e.yes, 'factor')}`
        return `{${plain(e.yes)} if ${condition.slice(1, -1)}, else ${plain(e.no)}}`
      }
    }
  }
  return (e: X.Expr): string => plain(e)
}

/** `S[i,j] = ...` for one equation in its own names. */
export const showEquation = (defines: string, over: readonly X.Index[], value: X.Expr, names: Names): string =>
  `${defines}${brackets(over)} = ${formulaOf(names)(value)}`
