/** What is used of gpu.js 2.24.1's WebAssembly backend: its emitter of bytes, its walk of a kernel, its kernel class. */
import type { Node } from './ast'

/** Writes one function of a module; `bytes` are the instructions so far. */
export interface Emitter {
  readonly bytes: number[]
  addLocal(type: 'i32' | 'f32' | 'v128'): number
  localGet(local: number): Emitter
  localSet(local: number): Emitter
  localTee(local: number): Emitter
  globalGet(index: number): Emitter
  i32Const(value: number): Emitter
  i32Add(): Emitter
  i32Mul(): Emitter
  i32Shl(): Emitter
  i32LeU(): Emitter
  i32TruncSatF32S(): Emitter
  f32Load(offset: number): Emitter
  v128Load(offset: number, align: number): Emitter
  else_(): Emitter
}

export type ArrayTable = 'arrays' | 'constantArrays'

/** The place of one array in memory: bytes from the start, and elements. */
export interface ArrayLayout {
  readonly offset: number
  readonly dims: readonly number[]
  readonly flatLength: number
}

export interface Assembler {
  readonly layout: Readonly<Record<ArrayTable, Readonly<Record<string, ArrayLayout>>>>
  readonly globals: { readonly threadX: number; readonly threadY: number; readonly threadZ: number }
}

export interface Local {
  readonly kind: string
  readonly index: number
  readonly wtype: string
}

/** Walks a kernel and emits it: `kernel`, one thread at a time, and with `vec` true `kernel_simd`, four along x. */
export interface StockNode {
  readonly em: Emitter
  readonly assembler: Assembler | null
  readonly locals: ReadonlyMap<string, Local>
  readonly depth: number
  readonly vec: boolean
  readonly vInfo: { exprVarying(node: Node): boolean } | null
  readonly argumentNames: readonly string[]
  readonly constants: Readonly<Record<string, unknown>> | null
  readonly output: readonly number[]
  getJsAST(): Node
  getDeclaration(id: unknown): { valueType: string | null }
  setScalarLocal(name: string, wtype: string, gtype: string, emitInit: () => void): void
  getMemberExpressionDetails(node: Node): MemberDetails | null
  enterIf(type?: string): void
  exit(): void
  walkFunction(em: Emitter): void
  emitVectorFunction(assembler: Assembler): Emitter
  statement(node: Node): void
  vstatement(node: Node): void
  vstatementBody(node: Node): void
  vstmtIf(node: Node): void
  stmtVariableDeclaration(node: Node): void
  vexpr(node: Node): string
  vGather(table: ArrayTable, name: string, x: Node, y: Node | null, z: Node | null, whole: Node): string
  emitFlatLoad(table: ArrayTable, name: string, x: Node, y: Node | null, z: Node | null, whole: Node): string
}

export interface MemberDetails {
  readonly signature: string
  readonly name: string
  readonly xProperty?: Node | null
  readonly yProperty?: Node | null
  readonly zProperty?: Node | null
}

export interface StockKernel {
  translateSource(): boolean
}

/** Exports of gpu.js that its typings leave out. */
export interface StockLibrary {
  readonly WebAssemblyFunctionNode: new (source: unknown, settings: unknown) => StockNode
  readonly WebAssemblyKernel: new (source: unknown, settings: unknown) => StockKernel
  readonly FunctionBuilder: { fromKernel(kernel: unknown, node: unknown, extra?: unknown): unknown }
}
