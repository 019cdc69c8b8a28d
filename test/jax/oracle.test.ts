/**
 * The oracle from outside: our VJPs against jax.grad of the printed forward pass, with JAX's own exp, erf and tanh, and the
 * printed forward pass against the layer interpreter. Every model of the zoo, at three sizes, in float64 and float32.
 *
 * Every parameter's cotangent g agrees to 1e-10 |g| in float64 and 1e-5 |g| in float32, in the largest entry; or, where the
 * gradient G of all parameters has much larger entries, to 8 u |G|, u the unit of rounding. The latter decides for what vanishes
 * (biases of keys, to which softmax is blind) and, in float32, for what is left where terms cancel.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { printModel } from '../../codegen/targets/jax/print'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { makeCase } from '../../runtime/ladder/case'
import { packageRoot } from '../../runtime/package/root'
import * as Key from '../../runtime/random/key'
import { sizesAt } from '../../runtime/weights/weights'
import { infer } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { python, withJax } from '../support/python'
import { right } from '../support/right'

const sizes = [2, 3, 5]
const batch = 3

/** Errors that are let pass, relative: of cotangents, and of answers. */
const bounds = { float64: { vjp: 1e-10, forward: 1e-12 }, float32: { vjp: 1e-5, forward: 1e-5 } } as const

/** A line of oracle.py. */
interface Row {
  readonly model: string
  readonly n: number
  readonly dtype: 'float64' | 'float32'
  readonly forward: number
  readonly vjp: number
  readonly where: string
  /** Parameters whose cotangents are off by more than the bound of their own size. */
  readonly floored: readonly string[]
  readonly names: boolean
  readonly dtypes: readonly string[]
  readonly loss?: number
  readonly gradient?: number
  readonly at?: string
}

const array = (data: Float64Array, shape: readonly number[]) => ({ shape, data: Array.from(data) })

const programOf = (name: string, n: number): string => printModel(right(infer(catalogue[name]!.model(n))))

const caseOf = (name: string, n: number, program: string, loss: boolean) => {
  const typed = right(infer(catalogue[name]!.model(n)))
  const c = makeCase(typed, n, batch, Key.fold(Key.key(1), name), null)
  const dx = Key.normal(Key.fold(c.key, 'dx'), batch * n).map(Math.fround)
  return {
    model: name,
    program,
    n,
    loss,
    parameters: Object.fromEntries(sizesAt(typed, n).map((p) => [p.name, array(c.weights[p.name]!, p.dims)])),
    A: array(c.A, [batch, n, n]),
    b: array(c.b, [batch, n]),
    dx: array(dx, [batch, n]),
    x: array(interpretBatch(typed, c.weights, c), [batch, n])
  }
}

type Case = ReturnType<typeof caseOf>

/** What JAX says of programs and cases. The code runs once, so little time is spent on making it fast. */
const ask = async (programs: Readonly<Record<string, string>>, cases: readonly Case[]): Promise<readonly Row[]> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'oracle-'))
  try {
    const file = path.join(folder, 'cases.json')
    await writeFile(file, JSON.stringify({ programs, cases }))
    const script = path.join(packageRoot(), 'test/jax/oracle.py')
    const { code, out, err } = await python([script, file], {
      env: { XLA_FLAGS: '--xla_backend_optimization_level=0' }
    })
    if (code !== 0) throw new Error(err)
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const judged = ({ dtype, forward, vjp, names, dtypes, loss = 0, gradient = 0 }: Row): boolean =>
  forward <= bounds[dtype].forward &&
  vjp <= bounds[dtype].vjp &&
  loss <= 1e-12 &&
  gradient <= bounds.float64.vjp &&
  names &&
  dtypes.join() === dtype

test(
  'every VJP is jax.grad of its forward pass',
  withJax(async (t) => {
    const names = Object.keys(catalogue)
    const programs: Record<string, string> = {}
    const cases = names.flatMap((name) =>
      sizes.map((n) => {
        // A model that fits every n has one program for all of them.
        const text = programOf(name, n)
        const known = Object.keys(programs).find((key) => programs[key] === text)
        programs[known ?? `${name} n=${n}`] = text
        return caseOf(name, n, known ?? `${name} n=${n}`, n === sizes[1])
      })
    )
    // Two processes share the cases evenly, those of the longest programs too.
    const shares = [0, 1].map((k) => cases.filter((_, at) => at % 2 === k))
    const rows = (await Promise.all(shares.map((share) => ask(programs, share)))).flat()
    t.equal(rows.length, 2 * cases.length, `${names.length} models at n = ${sizes.join(', ')}, float64 and float32`)
    const zero = rows.filter((row) => row.dtype === 'float64').flatMap((row) => row.floored)
    t.deepEqual(
      zero.filter((name) => !name.endsWith('attention.K.bias')),
      [],
      'in float64 rounding alone lets nothing pass but gradients that are zero'
    )
    for (const name of names) {
      const own = rows.filter((row) => row.model === name)
      const worst = (dtype: Row['dtype']): string =>
        Math.max(...own.filter((row) => row.dtype === dtype).map((row) => row.vjp)).toExponential(1)
      const bad = own.filter((row) => !judged(row))
      const spared = new Set(own.flatMap((row) => row.floored))
      const by = spared.size === 0 ? '' : `; to rounding of the whole gradient ${[...spared].join(', ')}`
      t.deepEqual(bad, [], `${name}: ${worst('float64')} in float64, ${worst('float32')} in float32${by}`)
    }
  })
)

test(
  'a damaged VJP is noticed, and so is a damaged forward pass',
  withJax(async (t) => {
    const name = 'transformer-1-causal'
    const text = programOf(name, 2)
    const programs = {
      vjp: text.replace('dS = P * (dP', 'dS = P * (1.001 * dP'),
      forward: text.replace('P = E / total', 'P = 1.001 * E / total')
    }
    t.ok(programs.vjp !== text && programs.forward !== text, 'one line of each is changed')
    const rows = await ask(programs, [caseOf(name, 2, 'vjp', false), caseOf(name, 2, 'forward', false)])
    const [vjp, forward] = [rows.slice(0, 2), rows.slice(2)]
    t.ok(
      vjp.every((row) => row.vjp > 10 * bounds.float32.vjp && row.forward <= bounds.float32.forward),
      'the VJP alone is wrong'
    )
    t.ok(
      forward.every((row) => row.forward > 10 * bounds.float32.forward),
      'the forward pass is wrong'
    )
  })
)
