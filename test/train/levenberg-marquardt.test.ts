import test from 'tape'

import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { nodes, scalars } from '../../runtime/sample/spd'
import { type Linearised, steps } from '../../runtime/train/damped'
import * as LM from '../../runtime/train/levenberg-marquardt'
import { residuals } from '../../runtime/train/residuals'
import { flatten } from '../../runtime/train/vector'
import { initialise } from '../../runtime/weights/initialise'
import { Family, Zoo } from '../../spec'
import { right, typed } from '../support/right'
import { distance, normals, size } from '../support/systems'

const random = (rows: number, columns: number): Linearised => ({
  residual: normals(1, rows),
  jacobian: normals(2, rows * columns),
  rows,
  columns
})

test('a step solves the damped normal equations, by every solver', (t) => {
  for (const [rows, columns] of [
    [20, 7],
    [5, 5],
    [3, 6]
  ] as const) {
    const l = random(rows, columns)
    const damping = 0.3
    const d = steps('qr', l)(damping)(l.residual)
    const gradient = new Float64Array(columns)
    for (let j = 0; j < columns; j++) {
      let length = 0
      for (let i = 0; i < rows; i++) {
        const along = l.jacobian.slice(i * columns, (i + 1) * columns).reduce((sum, v, k) => sum + v * d[k]!, 0)
        gradient[j]! += l.jacobian[i * columns + j]! * (along + l.residual[i]!)
        length += l.jacobian[i * columns + j]! ** 2
      }
      gradient[j]! += damping * length * d[j]!
    }
    t.ok(size(gradient) < 1e-12, `${rows} x ${columns}: the gradient of the damped problem vanishes`)
    for (const solver of ['normal', 'dual'] as const) {
      const own = steps(solver, l)(damping)(l.residual)
      t.ok(distance(d, own) < 1e-11, `${rows} x ${columns}: ${solver} agrees`)
    }
  }
  t.end()
})

test('a singular problem without damping gives no finite step of the normal equations, and is not accepted', (t) => {
  const flat: LM.LeastSquares = {
    residual: ([x]) => Float64Array.of(x! + 1),
    linearise: ([x]) => ({
      residual: Float64Array.of(x! + 1),
      jacobian: Float64Array.of(1, Number.NaN),
      rows: 1,
      columns: 2
    })
  }
  const { point, accepted } = LM.trials(flat, 'normal')(LM.start(flat, Float64Array.of(3, 0)))
  t.notOk(accepted, 'a step that is not finite is refused')
  t.deepEqual([...point.theta], [3, 0], 'and the point stays')
  t.equal(point.damping, 4 * LM.firstDamping, 'with four times the damping')
  t.end()
})

test('the valley of Rosenbrock is walked to its end', (t) => {
  const problem: LM.LeastSquares = {
    residual: ([x, y]) => Float64Array.of(10 * (y! - x! * x!), 1 - x!),
    linearise: ([x, y]) => ({
      residual: Float64Array.of(10 * (y! - x! * x!), 1 - x!),
      jacobian: Float64Array.of(-20 * x!, 10, -1, 0),
      rows: 2,
      columns: 2
    })
  }
  for (const [solver, manner] of [
    ['qr', LM.straight],
    ['normal', LM.straight],
    ['dual', LM.straight],
    ['qr', LM.bending],
    ['normal', LM.bending]
  ] as const) {
    const how = manner.bends ? 'bending' : 'straight'
    const step = LM.trials(problem, solver, manner)
    let point = LM.start(problem, Float64Array.of(-1.2, 1))
    let before = point.cost
    let falls = true
    for (let k = 0; k < 60; k++) {
      point = step(point).point
      falls &&= point.cost <= before
      before = point.cost
    }
    t.ok(falls, `${solver}, ${how}: the cost never rises`)
    t.ok(distance(point.theta, Float64Array.of(1, 1)) < 1e-12, `${solver}, ${how}: found (1, 1)`)
  }
  t.end()
})

test('bending takes fewer steps along a curved valley', (t) => {
  // The point (r, 0) is sought along a circle whose wall is a hundred times as steep as its floor.
  const valley: LM.LeastSquares = {
    residual: ([x, y]) => Float64Array.of(100 * (Math.hypot(x!, y!) - 1), Math.atan2(y!, x!)),
    linearise: ([x, y]) => {
      const r = Math.hypot(x!, y!)
      return {
        residual: Float64Array.of(100 * (r - 1), Math.atan2(y!, x!)),
        jacobian: Float64Array.of((100 * x!) / r, (100 * y!) / r, -y! / r ** 2, x! / r ** 2),
        rows: 2,
        columns: 2
      }
    }
  }
  const trialsTo = (manner: LM.Manner): number => {
    const step = LM.trials(valley, 'qr', manner)
    let point = LM.start(valley, Float64Array.of(-0.9, 0.3))
    let count = 0
    for (; point.cost > 1e-20 && count < 1000; count++) point = step(point).point
    return count
  }
  const bends = { ...LM.straight, bends: true }
  const [straight, bent] = [trialsTo(LM.straight), trialsTo(bends)]
  t.ok(bent < straight && straight < 1000, `${bent} trials instead of ${straight}`)
  t.end()
})

test('rows of the Jacobian are derivatives of the residuals, of every size and every weight', (t) => {
  const model = typed(Zoo.blockLinear({ layers: 2, identityBlocks: 1, allOnes: true, query: 'paper', bScale: null }))
  const batches = [
    { n: 2, batch: 3 },
    { n: 4, batch: 2 }
  ]
  const systems = batches.map(({ n, batch }) => ({
    sample: draw(Family.spd({ kappa: 5, sizes: n }), Key.key(n), { n, batch }),
    shares: Float64Array.from({ length: batch }, (_, s) => 0.1 + 0.05 * s)
  }))
  const problem = right(residuals(model, batches))(systems)
  const theta = flatten(model, 1, initialise(model, 1, Key.key(9)))
  const { residual, jacobian, rows, columns } = problem.linearise(theta)
  t.deepEqual([rows, columns], [14, theta.length], 'one row for every entry of every system')
  const cost = residual.reduce((sum, r) => sum + r * r, 0)
  t.ok(Math.abs(cost - LM.costAt(problem, theta)) <= 1e-15 * cost, 'the cost is the sum of squares')
  let worst = 0
  for (let j = 0; j < columns; j++) {
    const h = 1e-6
    const moved = (by: number): Float64Array => problem.linearise(theta.map((v, k) => v + (k === j ? by : 0))).residual
    const [plus, minus] = [moved(h), moved(-h)]
    for (let i = 0; i < rows; i++) {
      const slope = (plus[i]! - minus[i]!) / (2 * h)
      worst = Math.max(worst, Math.abs(slope - jacobian[i * columns + j]!) / (1 + Math.abs(slope)))
    }
  }
  t.ok(worst < 1e-7, `largest difference from central differences ${worst}`)
  t.end()
})

test('the cost is the mean square error, and does not depend on how the batch is cut', (t) => {
  const model = typed(Zoo.blockLinear({ layers: 1, identityBlocks: 1 }))
  const given = nodes([5], 1040) // more rows than go through the Jacobian program together
  const sample = scalars(given)
  const problem = right(residuals(model, [{ n: 1, batch: 1040 }]))([{ sample, shares: given.weights }])
  const theta = flatten(model, 1, initialise(model, 1, Key.key(1)))
  const few = nodes([5], 1040)
  const one = right(residuals(model, [{ n: 1, batch: 1 }]))
  const { jacobian, columns } = problem.linearise(theta)
  let [total, worst] = [0, 0]
  for (const s of [0, 1, 519, 520, 1039]) {
    const lambda = few.lambdas.slice(s, s + 1)
    const alone = one([
      {
        sample: { n: 1, batch: 1, A: lambda, b: lambda, x: Float64Array.of(1) },
        shares: Float64Array.of(few.weights[s]!)
      }
    ])
    const row = alone.linearise(theta).jacobian
    worst = Math.max(worst, distance(row, jacobian.slice(s * columns, (s + 1) * columns)))
    total += LM.costAt(alone, theta)
  }
  t.ok(worst < 1e-15, `rows agree to ${worst}`)
  t.ok(total > 0 && total < LM.costAt(problem, theta), 'and their costs are shares of the whole')
  t.end()
})
