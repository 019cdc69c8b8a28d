/**
 * What languages of the JavaScript family write differently: the table by which one emitter prints for all of them.
 */
import type * as Dim from '../../spec/dim'
import type * as X from '../expr'
import { showNumber } from '../formula'
import type { Unroll } from './unroll'

/** What a target decides: how to read an element, and how to write a size. */
export interface Dialect {
  readonly read: (label: string, at: readonly string[]) => string
  readonly size: (dim: Dim.Dim) => string
  /** Whole-number quotient of two non-negative numbers. */
  readonly quotient: (over: string, by: string) => string
  readonly words: Words
  readonly functions: Functions
  /** Without it, every sum is a loop. */
  readonly unroll?: Unroll
}

/** How a language of the family writes what all of them have. */
export interface Words {
  readonly number: (value: number) => string
  /** A size, which is text already, where a number is computed with. */
  readonly extent: (size: string) => string
  /** A variable of a number, with its first value. */
  readonly variable: (name: string, value: string) => string
  /** The head of a loop over whole numbers from 0. */
  readonly loop: (name: string, size: string) => string
  /** The head of a loop over 0, by, 2 by ... below `to`. */
  readonly steps: (name: string, to: number, by: number) => string
  readonly equal: string
  readonly sqrt: string
  readonly max: string
  readonly min: string
  readonly abs: string
  readonly floor: string
  /** What a maximum starts from: no number of the language is less. */
  readonly lowest: number
}

/** What the value of a function may be made of: a variable of its own by a wished name, and a statement. */
export interface Statements {
  readonly variable: (wish: string, value: string) => string
  readonly statement: (text: string) => void
}

/** The value of `exp`, `erf` or `tanh` as text, given its argument as text. */
export type Functions = Readonly<Record<X.Special, (of: string, make: Statements) => string>>

/** Where an element stands in a flat array of these sizes, slowest axis first: `i * 9 + c`. */
export const flatAddress = (dims: readonly number[], at: readonly string[]): string => {
  const terms = at.flatMap((p, axis) => {
    const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1)
    const own = /^\w+$/.test(p) ? p : `(${p})`
    return p === '0' ? [] : [stride === 1 ? own : `${own} * ${stride}`]
  })
  return terms.length === 0 ? '0' : terms.join(' + ')
}

/** JavaScript, and gpu.js's part of it. */
export const javascriptWords: Words = {
  number: showNumber,
  extent: (size) => size,
  variable: (name, value) => `let ${name} = ${value};`,
  loop: (name, size) => `for (let ${name} = 0; ${name} < ${size}; ${name}++) {`,
  steps: (name, to, by) => `for (let ${name} = 0; ${name} < ${to}; ${name} += ${by}) {`,
  equal: '===',
  sqrt: 'Math.sqrt',
  max: 'Math.max',
  min: 'Math.min',
  abs: 'Math.abs',
  floor: 'Math.floor',
  lowest: -Number.MAX_VALUE
}
