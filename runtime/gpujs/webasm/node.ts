/**
 * gpu.js's walk of a kernel to WebAssembly, without its two faults; everything that is not said here is gpu.js's own.
 *
 * 1. A read whose index moves with the thread costs four scalar loads, each with its lane's index extracted and clamped.
 *    Where the index is affine and moves by one, it is one `v128.load`; see

/*
Note [Reads stay inside their array].
 * 2. A loop's counter is a float where it advances by `i += 4`, and an index made of `const i = this.thread.y` is
 *    converted from float at every read. Here both are whole numbers, and what is constant in an index becomes the
 *    load's own offset; see Note [Bases are shared in a statement].
 */
import {
  type Affine,
  type Atom,
  type Axis,
  affine,
  constant,
  type Extents,
  endOf,
  type Facts,
  factsOf,
  plus,
  range,
  stride
} from './affine'
import { type Node, nameOf, part } from './ast'
import { byWords, loadLane, loadSplat, type Read } from './loads'
import type { ArrayTable, Emitter, StockLibrary, StockNode } from './stock'

const arraySignature = /^(this\.constants\.)?value(\[\]){1,3}$/

export const patchedNode = (stock: StockLibrary['WebAssemblyFunctionNode']): StockLibrary['WebAssemblyFunctionNode'] =>
  class extends stock {
    private facts: Facts | null = null
    /** i32 copies of quotients, by name; and bases of the current statement, by what they are. */
    private quotients = new Map<string, number>()
    private bases = new Map<string, number>()
    private level = -1
    /** Where a coordinate ends behind the conditions around, and what holds in the first arm of a branch. */
    private ends: Partial<Record<Axis, number>> = {}
    private arms = new Map<Node, { readonly axis: Axis; readonly end: number }>()

    private known(): Facts {
      this.facts ??= factsOf(this.getJsAST(), this.argumentNames, this.constants ?? {}, this.extents(false))
      return this.facts
    }

    /** Where the threads of a call lie; with `quads`, the first of every four along x. */
    private extents(quads: boolean): Extents {
      const [x = 1, y = 1, z = 1] = this.output
      const { x: endX = x, y: endY = y, z: endZ = z } = this.ends
      const first = quads ? Math.min(4 * Math.floor(x / 4) - 4, 4 * Math.floor((endX - 1) / 4)) : Math.min(x, endX) - 1
      const upTo = (high: number) => ({ low: 0, high: Math.max(0, high) })
      return { x: upTo(first), y: upTo(Math.min(y, endY) - 1), z: upTo(Math.min(z, endZ) - 1) }
    }

    /** See Note [Behind a condition]. */
    override vstmtIf(node: Node): void {
      const arm = part(node, 'consequent')
      const bound = endOf(part(node, 'test'), this.known())
      if (arm !== null && bound !== null) this.arms.set(arm, bound)
      super.vstmtIf(node)
    }

    override vstatementBody(node: Node): void {
      const before = this.ends
      const arm = this.arms.get(node)
      if (arm !== undefined) {
        const end = Math.min(arm.end, before[arm.axis] ?? Number.POSITIVE_INFINITY)
        this.ends = { ...before, [arm.axis]: end }
      }
      super.vstatementBody(node)
      this.ends = before
    }

    override walkFunction(em: Emitter): void {
      this.quotients = new Map()
      super.walkFunction(em)
    }

    override emitVectorFunction(assembler: NonNullable<StockNode['assembler']>): Emitter {
      this.quotients = new Map()
      return super.emitVectorFunction(assembler)
    }

    private begin(): void {
      this.bases = new Map()
      this.level = this.depth
    }

    override statement(node: Node): void {
      this.begin()
      super.statement(node)
    }

    override vstatement(node: Node): void {
      this.begin()
      super.vstatement(node)
    }

    override stmtVariableDeclaration(node: Node): void {
      const declarations = node['declarations'] as readonly Node[]
      const [only] = declarations
      const counter = nameOf(part(only ?? null, 'id')) ?? ''
      const first = this.known().counters.get(counter)?.low
      if (first !== undefined) {
        this.getDeclaration(only?.['id']).valueType = 'Integer'
        this.setScalarLocal(counter, 'i32', 'Integer', () => this.em.i32Const(first))
        return
      }
      super.stmtVariableDeclaration(node)
      if (this.assembler === null) return
      for (const declaration of declarations) {
        const name = nameOf(part(declaration, 'id')) ?? ''
        const local = this.locals.get(name)
        const atom = this.known().names.get(name)?.terms.get(`quotient ${name}`)?.atom
        if (local?.kind !== 'scalar' || local.wtype !== 'f32' || atom?._tag !== 'quotient') continue
        const whole = this.em.addLocal('i32')
        this.em.localGet(local.index).i32TruncSatF32S().localSet(whole)
        this.quotients.set(name, whole)
      }
    }

    // --- reads ---------------------------------------------------------------------------------------------------------

    private read(table: ArrayTable, name: string, at: readonly (Node | null | undefined)[]): Read | null {
      const layout = this.assembler?.layout[table][name]
      if (layout === undefined) return null
      const [width = 1, height = 1] = layout.dims
      let index = constant(0)
      for (const [axis, node] of at.entries()) {
        if (!node) continue
        const one = affine(node, this.known())
        if (one === null) return null
        index = plus(index, one, [1, width, width * height][axis])
      }
      for (const { atom } of index.terms.values()) if (!this.reachable(atom)) return null
      return { index, layout, step: stride(index), ...range(index, this.known(), this.extents(this.vec)) }
    }

    /** Whether an atom's value is at hand as an i32. */
    private reachable(atom: Atom): boolean {
      if (atom._tag === 'thread') return true
      if (atom._tag === 'quotient') return this.quotients.has(atom.name)
      const local = this.locals.get(atom.name)
      return local?.kind === 'scalar' && local.wtype === 'i32'
    }

    private pushAtom(atom: Atom): void {
      const globals = this.assembler?.globals
      if (globals === undefined) throw new Error('internal: an index is emitted without a module')
      if (atom._tag === 'thread') {
        this.em.globalGet({ x: globals.threadX, y: globals.threadY, z: globals.threadZ }[atom.axis])
      } else {
        const local = atom._tag === 'counter' ? this.locals.get(atom.name)?.index : this.quotients.get(atom.name)
        if (local === undefined) throw new Error(`internal: ${atom.name} has no local`)
        this.em.localGet(local)
      }
    }

    /** Pushes `scale` times an index. */
    private pushSum(index: Affine, scale: number): void {
      const { em } = this
      let first = true
      for (const { atom, coefficient } of index.terms.values()) {
        this.pushAtom(atom)
        if (coefficient * scale !== 1) em.i32Const((coefficient * scale) | 0).i32Mul()
        if (!first) em.i32Add()
        first = false
      }
      if (first) em.i32Const(index.constant * scale)
      else if (index.constant !== 0) em.i32Const((index.constant * scale) | 0).i32Add()
    }

    /** Pushes the address of a proven read, up to a number of bytes that is returned and belongs into its loads. */
    private pushAddress({ index, layout, low }: Read): number {
      const varying: Affine = { ...index, constant: 0 }
      const split = index.constant >= 0 && low - index.constant >= 0
      const base = split ? varying : index
      const key = [...base.terms].map(([name, { coefficient }]) => `${coefficient} ${name}`).join(' + ')
      const shared = split ? key : `${key} + ${base.constant}`
      const free = this.depth === this.level
      const known = free ? this.bases.get(shared) : undefined
      if (known !== undefined) this.em.localGet(known)
      else {
        this.pushSum(base, 4)
        if (free && base.terms.size > 0) {
          const local = this.em.addLocal('i32')
          this.em.localTee(local)
          this.bases.set(shared, local)
        }
      }
      return layout.offset + (split ? 4 * index.constant : 0)
    }

    private proven({ low, high, layout, step }: Read, lanes: number): boolean {
      return step >= 0 && low >= 0 && high + (lanes - 1) * step < layout.flatLength
    }

    override vexpr(node: Node): string {
      const details =
        node.type === 'MemberExpression' && this.vInfo?.exprVarying(node) === false
          ? this.getMemberExpressionDetails(node)
          : null
      if (details === null || !arraySignature.test(details.signature) || this.locals.has(details.name)) {
        return super.vexpr(node)
      }
      const table = details.signature.startsWith('this') ? 'constantArrays' : 'arrays'
      const found = this.read(table, details.name, [details.xProperty, details.yProperty, details.zProperty])
      if (found === null || !this.proven(found, 1)) return super.vexpr(node)
      loadSplat(this.em, this.pushAddress(found))
      return 'vf32'
    }

    override emitFlatLoad(
      table: ArrayTable,
      name: string,
      x: Node,
      y: Node | null,
      z: Node | null,
      whole: Node
    ): string {
      const found = this.read(table, name, [x, y, z])
      if (found === null || !this.proven(found, 1)) return super.emitFlatLoad(table, name, x, y, z, whole)
      const offset = this.pushAddress(found)
      this.em.f32Load(offset)
      return 'f32'
    }

    override vGather(table: ArrayTable, name: string, x: Node, y: Node | null, z: Node | null, whole: Node): string {
      const found = this.read(table, name, [x, y, z])
      const { em } = this
      if (found === null || found.step < 0) return super.vGather(table, name, x, y, z, whole)
      if (!this.proven(found, 4)) {
        if (found.step !== 1 || found.layout.flatLength < 4) return super.vGather(table, name, x, y, z, whole)
        this.pushSum(found.index, 1)
        const index = em.addLocal('i32')
        em.localTee(index)
          .i32Const(found.layout.flatLength - 4)
          .i32LeU()
        this.enterIf('v128')
        em.localGet(index).i32Const(2).i32Shl().v128Load(found.layout.offset, byWords)
        em.else_()
        super.vGather(table, name, x, y, z, whole)
        this.exit()
        return 'vf32'
      }
      const offset = this.pushAddress(found)
      if (found.step === 1) em.v128Load(offset, byWords)
      else if (found.step === 0) loadSplat(em, offset)
      else {
        const address = em.addLocal('i32')
        em.localTee(address)
        loadSplat(em, offset)
        for (const lane of [1, 2, 3]) {
          // load32_lane takes the address below the vector
          const partial = em.addLocal('v128')
          em.localSet(partial).localGet(address).localGet(partial)
          loadLane(em, offset + 4 * lane * found.step, lane)
        }
      }
      return 'vf32'
    }
  }

/*
Note [Reads stay inside their array]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
gpu.js clamps every lane of a read into its array. Ours is a single load in two cases only:
(a) Proven: the index, over all threads of the call and all turns of the loops around it, lies between 0 and
    `flatLength - 1` in the first lane, and in the last (3 steps on). Bounds are sums of intervals (`affine.ts`): a
    thread's coordinate runs over the output's sizes (in `kernel_simd` x is the first of a quad, and quads never cross a
    row, so it ends at 4 floor(size / 4) - 4); a counter over the values that it takes; a quotient over its dividend's.
    All four lanes are then inside, masked or not.
(b) Checked: the index of the first lane is computed and compared, unsigned, with `flatLength - 4`. If it is not above, it
    is not negative either, and all four lanes are inside. If it is, gpu.js's own gather runs, with its clamps.
So no lane, kept or masked, ever holds another array's data, and where an index leaves its array the value is gpu.js's.
In `kernel`, which runs the threads after the last quad, (a) alone is used, with one lane.

Note [Behind a condition]
~~~~~~~~~~~~~~~~~~~~~~~~~
In the first arm of `if (x < end)`, x stays below `end` in the bounds of (a). In `kernel_simd` the arm runs if the condition
holds for any of the four threads, so for the first, which has the least x, a multiple of four: 4 floor((end - 1) / 4) at
most. The others may lie beyond `end`, and are in bounds only if (a) says so.

Note [Bases are shared in a statement]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
`a[i][k + 1] * b[k + 1][j] + a[i][k + 2] * ...` has one base for all reads of an array: the sum without its constant.
It is kept in a local to the end of the statement; each load states the constant as its offset. An affine index has no name
that a statement can change (`factsOf`), and only reads at the statement's own depth of blocks share: what one arm of a
branch computed is not used outside it. A base must not be negative, since wasm adds offsets to an
unsigned address: where it could be, the constant goes into it.
*/
