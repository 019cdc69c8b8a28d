import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'
import { algebraformer } from './algebraformer'
import { blockLinear } from './block-linear'
import { columnLinear } from './column-linear'
import { fullLinear } from './full-linear'
import { krylov } from './krylov'
import { newtonSchulz } from './newton-schulz'
import { polarLinear } from './polar-linear'
import { polynomial } from './polynomial'
import { gru, lstm } from './recurrent'

/** An architecture of the zoo; most fit any n, and those with matrices are made for the one asked for. */
export interface Entry {
  readonly about: string
  readonly model: (n: number) => M.Model
}

/** One descent step with a learned length: `e_i + alpha (linear attention)_i`. */
const damped = (layers: number): M.Model =>
  M.make({
    name: `damped-block-linear-${layers}`,
    encoding: T.equations({ embedding: T.identity(3) }),
    body: pipe(L.linearAttention({ P: W.block, Q: W.block }), L.andThen(L.scale(0.5)), L.residual, L.repeat(layers)),
    readout: M.query('A')
  })

/** Block queries and full values: the two layouts of tokens in one layer. */
const mixed = (): M.Model =>
  M.make({
    name: 'mixed-linear-2',
    encoding: T.equations({ embedding: T.identity(2), query: 'paper' }),
    body: pipe(
      L.linearMap({ weight: W.lean }),
      L.andThen(L.linearAttention({ heads: 2, P: W.full, Q: W.block })),
      L.residual,
      L.repeat(2)
    ),
    readout: M.query('A')
  })

const projected = (): M.Model =>
  M.make({
    name: 'projected-linear-2',
    encoding: T.equations({ embedding: T.identity(1), query: 'b' }),
    body: pipe(L.projectedAttention({ heads: 2, key: 3, value: 4 }), L.residual, L.repeat(2)),
    readout: M.query('A')
  })

/** Free matrices without a query: the readout over all tokens on tokens of one stretch. */
const transposedFull = (layers: number): M.Model =>
  M.make({
    name: `transposed-full-${layers}`,
    encoding: T.equations({ embedding: T.identity(1), query: 'none', bScale: 0.5 }),
    body: pipe(L.linearAttention({ P: W.full, Q: W.full }), L.residual, L.repeat(layers)),
    readout: M.transposed('H1')
  })

/** Small, and started far enough from zero that attention tells tokens apart. */
const smallTransformer = (
  name: string,
  options: Omit<Parameters<typeof algebraformer>[0], 'width' | 'heads'>
): M.Model => ({
  ...algebraformer({ width: 8, heads: 2, hidden: 16, std: 0.4, ...options }),
  name
})

/** A map before a model's layers, so that gradients go through all of them. */
const behindMap = ({ body, ...model }: M.Model): M.Model => ({
  ...model,
  body: pipe(L.linearMap({ weight: W.fullOf({ std: 0.4 }), bias: true }), L.andThen(body))
})

/** Architectures by name: what `models` lists and the agreement ladder climbs. */
export const catalogue: Readonly<Record<string, Entry>> = {
  'block-linear-2': {
    about: 'BLOCK, one identity block, no all-ones terms: 10 scalars a layer',
    model: () => blockLinear({ layers: 2 })
  },
  'block-linear-3': {
    about: 'BLOCK, one identity block, no all-ones terms: 10 scalars a layer',
    model: () => blockLinear({ layers: 3 })
  },
  'block-linear-3-blocks2': {
    about: 'BLOCK, two identity blocks, no all-ones terms: 20 scalars a layer',
    model: () => blockLinear({ layers: 3, identityBlocks: 2 })
  },
  'block-linear-3-blocks3': {
    about: "BLOCK, the paper's three identity blocks, no all-ones terms: 34 scalars a layer",
    model: () => blockLinear({ layers: 3, identityBlocks: 3 })
  },
  'block-linear-4': {
    about: 'BLOCK, one identity block, no all-ones terms: 10 scalars a layer',
    model: () => blockLinear({ layers: 4 })
  },
  'block-linear-3-paper': {
    about: "BLOCK by the paper's convention: all 82 scalars a layer, query of ones, b as it is",
    model: () => ({
      ...blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null }),
      name: 'block-linear-3-paper'
    })
  },
  'block-linear-2-over-n': {
    about: 'BLOCK, all-ones terms divided by their norm, so that they do not grow with n',
    model: () => ({
      ...blockLinear({ layers: 2, identityBlocks: 3, allOnes: true, muScale: 'n', query: 'paper', bScale: null }),
      name: 'block-linear-2-over-n'
    })
  },
  'block-linear-2-heads': {
    about: 'BLOCK, two heads',
    model: () => ({ ...blockLinear({ layers: 2, heads: 2 }), name: 'block-linear-2-heads' })
  },
  'block-linear-3-looped': {
    about: 'BLOCK, one set of weights for three layers',
    model: () => ({ ...blockLinear({ layers: 3, tied: true }), name: 'block-linear-3-looped' })
  },
  'damped-block-linear-2': { about: 'BLOCK with a learned step length', model: () => damped(2) },
  'full-linear-2': {
    about: 'FULL, free D x D matrices, three identity blocks',
    model: () => ({
      ...fullLinear({ layers: 2, embedding: T.identity(3), query: 'paper', bScale: null }),
      name: 'full-linear-2'
    })
  },
  'full-linear-3-learned': {
    about: 'FULL with a learned embedding of 3n numbers: 2,738 scalars a layer at n = 9',
    model: (n) => ({
      ...fullLinear({ layers: 3, embedding: T.learned(3 * n, n), query: 'paper', bScale: null }),
      name: 'full-linear-3-learned'
    })
  },
  'mixed-linear-2': { about: 'Block queries beside full values, two heads, a linear map before', model: mixed },
  'projected-linear-2': { about: 'keys, queries, values and projection (eq. 1), two heads', model: projected },
  'column-linear-2': {
    about: 'FULL attention over columns, an answer from every token',
    model: () => columnLinear({ layers: 2 })
  },
  'polar-linear-3': {
    about: 'row operations on A and b, any square A, no query, no embedding: 4 scalars a layer',
    model: () => polarLinear({ layers: 3 })
  },
  'polar-linear-2-blocks1': {
    about: 'row operations on A and b with an identity block: 10 scalars a layer',
    model: () => polarLinear({ layers: 2, identityBlocks: 1 })
  },
  'newton-schulz-3': {
    about: 'two heads and two identity blocks: room for one exact Newton-Schulz step a layer',
    model: () => newtonSchulz({ layers: 3 })
  },
  'transposed-full-2': {
    about: 'FULL, the answer summed over all tokens',
    model: () => transposedFull(2)
  },
  'transformer-2': {
    about: 'softmax attention over columns, pre-norm blocks, GELU MLPs, learned positions; made for one n',
    model: (n) => smallTransformer('transformer-2', { n, blocks: 2 })
  },
  'transformer-1-causal': {
    about: 'the same with a causal mask, GELU by tanh and no positions',
    model: (n) =>
      smallTransformer('transformer-1-causal', { n, blocks: 1, mask: 'causal', gelu: 'tanh', positions: 'none' })
  },
  'lstm-1': {
    about: 'an LSTM that reads columns from the first to the last; made for one n',
    model: (n) => ({ ...lstm({ n, width: 5, layers: 1, bidirectional: false, std: 0.4 }), name: 'lstm-1' })
  },
  'lstm-1-both': {
    about: 'LSTMs that read columns both ways',
    model: (n) => ({ ...lstm({ n, width: 3, layers: 1, std: 0.4 }), name: 'lstm-1-both' })
  },
  'gru-2': {
    about: 'two layers of GRUs that read embedded columns both ways',
    model: (n) => ({ ...gru({ n, width: 4, layers: 2, embedding: 3, std: 0.4 }), name: 'gru-2' })
  },
  'entries-1': {
    about: 'softmax attention over all n^2 entries of an equilibrated system, x_i a mean over column i',
    model: (n) => behindMap(smallTransformer('entries-1', { n, blocks: 1, encoding: 'entries', equilibrate: 0.5 }))
  },
  'equilibrated-1': {
    about: 'softmax attention over columns mapped by a matrix, rows and b brought to norm 1, the answer scaled back',
    model: (n) => behindMap(smallTransformer('equilibrated-1', { n, blocks: 1, equilibrate: 0.5 }))
  },
  'krylov-2': {
    about: 'BLOCK with all-ones terms, in coordinates of a Krylov space, A and b learned a factor',
    model: () => krylov({ layers: 2, low: 0.2, high: 1.8 })
  },
  'polynomial-6': {
    about: 'a polynomial in A applied to b',
    model: () => polynomial({ degree: 6, low: 0.2, high: 1.8 })
  },
  'polynomial-9-stride-4': {
    about: 'a polynomial in A applied to b, by T_4(A) and fewer products with a vector',
    model: () => polynomial({ name: 'polynomial-9-stride-4', degree: 9, low: 0.2, high: 1.8, stride: 4 })
  }
}
