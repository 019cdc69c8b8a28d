/**
 * Index letters, which mean one thing in every rule: `s` system, `h` head, `i k` tokens, `j` equations, `m p` blocks,
 * `c d` channels, `g` gates.
 */
import * as Dim from '../../spec/dim'
import * as X from '../expr'

export const s = X.index('s', Dim.batch)
/** Equations: the tokens that are attended to. */
export const j = X.index('j', Dim.n)

export const heads = (count: number): X.Index => X.index('h', count)
/** Tokens, the query included. */
export const tokens = (count: Dim.Dim): readonly [X.Index, X.Index] => [X.index('i', count), X.index('k', count)]
/** The blocks of size n of a token: A, H1 ... Hl. */
export const blocks = (count: number): readonly [X.Index, X.Index] => [X.index('m', count), X.index('p', count)]
/** Positions inside a block (size n) or inside a whole token (its width). */
export const channels = (size: Dim.Dim): readonly [X.Index, X.Index] => [X.index('c', size), X.index('d', size)]
/** The maps of a recurrent cell. */
export const gates = (count: number): X.Index => X.index('g', count)
