/**
 * A whole Python program from a model and the stage of a recipe that trains it: forward, VJP and optimiser from the equations,
 * and around them data, checkpoints and the loop over steps. It needs numpy and JAX, and nothing of ours.
 */
import type { Typed } from '../../../spec/infer'
import type { Stage } from '../../../spec/recipe'
import { showNumber } from '../../formula'
import { adam } from '../../rules/optimiser'
import { checkpoints } from './checkpoints'
import { command } from './command'
import { data } from './data'
import { helpers, imports } from './head'
import { modelText } from './model'
import { training } from './training'
import { updateText } from './update'

export interface Training {
  readonly typed: Typed
  readonly stage: Extract<Stage, { readonly _tag: 'adam' }>
  /** The recipe as checkpoints hold it: JSON. */
  readonly recipe: string
  /** Sizes of every parameter, slowest axis first. */
  readonly shapes: readonly { readonly name: string; readonly dims: readonly number[] }[]
}

/** A text as a literal: JSON's escapes mean the same in Python. */
const literal = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const orNone = (value: number | null): string => (value === null ? 'None' : showNumber(value))

const tuple = (dims: readonly number[]): string => `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`

const constants = ({ typed, stage, recipe, shapes }: Training): string =>
  [
    `NAME = ${literal(typed.model.name)}`,
    '# The one n that the model is made for, or None.',
    `N = ${orNone(typed.n)}`,
    '# Sizes of every parameter.',
    'PARAMETERS = {',
    ...shapes.map(({ name, dims }) => `    ${literal(name)}: ${tuple(dims)},`),
    '}',
    '# Steps of a batch each, and the rate: linear warm-up to the peak, then constant or a cosine.',
    `STEPS, BATCH = ${stage.steps}, ${stage.batch}`,
    `PEAK, WARMUP, DECAY = ${showNumber(stage.rate.peak)}, ${stage.rate.warmup}, '${stage.rate.decay}'`,
    '# Systems that are trained on; None: all there are.',
    `SYSTEMS = ${orNone(stage.systems)}`,
    '# Steps between two judgements on held-out systems, and how many without a gain end the training; None: none do.',
    `EVERY, PATIENCE = ${orNone(stage.evaluation?.every ?? null)}, ${orNone(stage.evaluation?.patience ?? null)}`,
    '# The recipe as checkpoints hold it.',
    `RECIPE = ${literal(recipe)}`
  ].join('\n')

const about = `"""Trains a neural solver of linear systems A x = b on all devices of all hosts that JAX sees.

Forward pass, vector-Jacobian product (derived by hand, no automatic differentiation) and optimiser were printed by
"ansatz export --target jax" from the equations of the model, which stand beside their lines. Index letters: s system,
h head, i k tokens, j equations, m p blocks, c d channels. Needs Python 3.10, numpy and JAX.

    python train.py --data train --held-out held-out --out model.safetensors
    python train.py --data train --dtype bfloat16
    python train.py --data train --processes 2 --coordinator host0:1234 --process-id 0

A checkpoint is kept beside --out, also at SIGTERM and SIGINT (exit code 130), and a restart goes on from it; ansatz train
--resume reads it too.
"""`

const standard = `import argparse
import hashlib
import json
import math
import os
import signal
import sys
import time
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as Spec`

const heading = (text: string): string => `# ${`--- ${text} `.padEnd(117, '-')}`

/** `forward`, `vjp` and `gradient` of a model alone, with what they need. */
export const printModel = (typed: Typed): string => {
  const { functions, whole } = modelText(typed)
  return `${[imports, helpers, functions, whole].join('\n\n\n')}\n`
}

/** The whole training program. */
export const printTraining = (t: Training): string => {
  const { functions, whole } = modelText(t.typed)
  const optimiser = { ...adam, weightDecay: t.stage.weightDecay, clip: t.stage.clip }
  return `${[
    `${about}\n${standard}`,
    constants(t),
    heading('rules'),
    helpers,
    functions,
    heading('the model'),
    whole,
    heading('the optimiser'),
    updateText(t.typed, optimiser),
    heading('checkpoints'),
    checkpoints,
    heading('systems'),
    data,
    heading('training'),
    training,
    heading('the command line'),
    command
  ].join('\n\n\n')}\n`
}
