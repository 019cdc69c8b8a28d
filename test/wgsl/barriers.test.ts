/** The static check of barriers: it passes what is printed, and sees every single barrier that is missing. */
import test from 'tape'

import { type Goal, plan } from '../../codegen/compile'
import type { Plan } from '../../codegen/plan'
import { adam } from '../../codegen/rules/optimiser'
import { barrierFaults } from '../../codegen/targets/wgsl/barriers'
import { print, wgsl } from '../../codegen/targets/wgsl/index'
import { guaranteed } from '../../codegen/targets/wgsl/program'
import type { Wishes } from '../../codegen/targets/wgsl/schedule'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'

const planOf = (name: string, goal: Goal, n: number, batch: number): Plan => {
  const entry = catalogue[name]
  if (entry === undefined) throw new Error(`internal: the zoo has no ${name}`)
  return right(plan(wgsl, goal, typed(entry.model(n)), { n, batch }))
}

const sourcesOf = (p: Plan, wishes: Wishes): readonly string[] =>
  print(p, guaranteed, wishes).kernels.map((k) => k.source)

/** Texts without one of their barriers, each in turn. */
const withoutOne = (source: string): readonly string[] => {
  const pieces = source.split('workgroupBarrier();')
  return pieces
    .slice(1)
    .map(
      (_, k) =>
        `${pieces.slice(0, k + 1).join('workgroupBarrier();')}${pieces.slice(k + 1).join('workgroupBarrier();')}`
    )
}

test('printed texts pass, whatever the schedule', (t) => {
  const goals: readonly Goal[] = [{ _tag: 'forward' }, { _tag: 'vjp' }, { _tag: 'step', optimiser: adam }]
  for (const name of [
    'block-linear-3',
    'block-linear-2-heads',
    'full-linear-2',
    'polynomial-6',
    'transformer-2',
    'krylov-2'
  ]) {
    for (const goal of goals) {
      const p = planOf(name, goal, 12, 5)
      const faults = ([{}, { fuse: 'always' }, { fuse: 'never', tile: 'always' }] as const).flatMap((wishes) =>
        sourcesOf(p, wishes).flatMap(barrierFaults)
      )
      t.deepEqual(faults, [], `${name}, ${goal._tag}`)
    }
  }
  t.end()
})

test('every barrier is needed, and none is missed when it is gone', (t) => {
  const texts = [
    ...sourcesOf(planOf('block-linear-3', { _tag: 'forward' }, 9, 20), {}),
    ...sourcesOf(planOf('polynomial-6', { _tag: 'forward' }, 5, 20), {}),
    ...sourcesOf(planOf('transformer-2', { _tag: 'forward' }, 40, 4), { tile: 'always' }),
    ...sourcesOf(planOf('block-linear-2', { _tag: 'vjp' }, 9, 200), { fuse: 'always' })
  ]
  const damaged = texts.flatMap(withoutOne)
  t.ok(damaged.length > 50, `${damaged.length} barriers in ${texts.length} texts`)
  const missed = damaged.filter((source) => barrierFaults(source).length === 0)
  t.deepEqual(
    missed.map((source) => source.split('\n').find((line) => line.startsWith('fn '))),
    [],
    'each one that is gone is seen'
  )
  t.end()
})

test('what the check says of small texts', (t) => {
  const around = (...lines: readonly string[]) =>
    ['var<workgroup> w: array<f32, 64>;', 'fn main(@builtin(x) lane: u32) {', ...lines.map((l) => `  ${l}`), '}'].join(
      '\n'
    )
  const loop = (line: string) => [`for (var at = lane; at < 64; at += 64) {`, `  ${line}`, '}']
  const [write, read, barrier] = [loop('w[at] = 1.0;'), loop('y[at] = w[63 - at];'), 'workgroupBarrier();']
  const cases: readonly (readonly [string, readonly string[], number])[] = [
    ['a write, a barrier, a read', [...write, barrier, ...read], 0],
    ['a write and a read', [...write, ...read], 1],
    ['a read and a write', [...read, ...write], 1],
    ['two writes', [...write, ...write], 1],
    ['two reads', [...read, ...read], 0],
    ['a read of what others write in the same loop', loop('w[at] = w[at + 1];'), 1],
    ['an element of its own', ['w[lane] = 1.0;', 'y[lane] = w[lane];'], 0],
    ['an element of its own that others read', ['w[lane] = 1.0;', 'y[lane] = w[lane + 1];'], 1],
    [
      'a loop whose end meets its beginning',
      ['for (var k = 0; k < 9; k++) {', '  w[at] = 1.0;', `  ${barrier}`, '  y[at] = w[k];', '}'],
      1
    ],
    [
      'the same with a barrier at its end',
      ['for (var k = 0; k < 9; k++) {', '  w[at] = 1.0;', `  ${barrier}`, '  y[at] = w[k];', `  ${barrier}`, '}'],
      0
    ],
    ['a comment', ['w[at] = 1.0;', '// workgroupBarrier();', 'y[at] = w[k];'], 1]
  ]
  for (const [what, lines, faults] of cases) t.equal(Math.min(1, barrierFaults(around(...lines)).length), faults, what)
  t.end()
})
