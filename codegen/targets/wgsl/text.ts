/** How WGSL writes names, numbers, sizes and reads. */
import type * as X from '../../expr'
import { showNumber } from '../../formula'
import type { Plan, PlanKernel } from '../../plan'
import { valueOf } from '../../schedules/affine'
import type { Functions, Words } from '../dialect'
import { exp, float32Functions } from '../special'

// --- sizes -----------------------------------------------------------------------------------------------------------

export const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

export const extentsOf = (plan: Plan, over: readonly X.Index[]): readonly number[] =>
  over.map((i) => valueOf(plan.sizes)(i.dim))

// --- numbers ---------------------------------------------------------------------------------------------------------

/** A whole number has a point, or WGSL divides it as an integer. */
const real = (text: string): string => (/[.e]/.test(text) ? text : `${text}.0`)

export const words: Words = {
  number: (value) => real(showNumber(value)),
  extent: real,
  variable: (name, value) => `var ${name} = ${value};`,
  loop: (name, size) => `for (var ${name} = 0; ${name} < ${size}; ${name}++) {`,
  steps: (name, to, by) => `for (var ${name} = 0; ${name} < ${to}; ${name} += ${by}) {`,
  equal: '==',
  sqrt: 'sqrt',
  max: 'max',
  min: 'min',
  abs: 'abs',
  floor: 'floor',
  lowest: -3.4028234663852886e38
}

/** As for every float32 target, but that a power of two is one instruction here. */
export const functions: Functions = {
  ...float32Functions(words),
  exp: (of, make) => {
    const [high, low] = exp.ln2
    const x = make.variable('x', `clamp(${of}, ${words.number(-exp.limit)}, ${words.number(exp.limit)})`)
    const m = make.variable('m', `floor(${x} * ${words.number(exp.inverseLn2)} + 0.5)`)
    const r = make.variable('r', `(${x} - ${m} * ${words.number(high)}) - ${m} * (${words.number(low)})`)
    const tail = exp.tail.reduceRight(
      (rest, c) => (rest === '' ? words.number(c) : `${words.number(c)} + ${r} * (${rest})`),
      ''
    )
    return make.variable('power', `ldexp(1.0 + (${r} + ${r} * ${r} * (${tail})), i32(${m}))`)
  }
}

export const quotient = (over: string, by: string): string => `${/^\w+$/.test(over) ? over : `(${over})`} / ${by}`

// --- names -----------------------------------------------------------------------------------------------------------

/** Keywords, words reserved for later, and what our texts call by these names (WGSL, sections 15.1 and 15.2). */
const reserved = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
  loop override requires return struct switch true var while
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class
  co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval
  constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export
  extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl
  implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut
  mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of
  operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub public
  readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm
  static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef
  typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly
  yield
  array atomic bool f16 f32 i32 u32 vec2 vec3 vec4 vec2f vec3f vec4f mat2x2 mat3x3 mat4x4 ptr
  sqrt max min abs floor clamp ldexp workgroupBarrier storageBarrier
  at lane group invocation tile count first part partial half other kept main`.split(/\s+/)
)

/** Gives every wish a name of its own that WGSL allows. */
export const namer = (given: readonly string[] = []): ((wish: string) => string) => {
  const taken = new Set(given)
  return (wish) => {
    const word = wish.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|__)/, 'a')
    const base = word === '_' || word === '' ? 'a' : word
    let name = reserved.has(base) ? `${base}_` : base
    for (let k = 2; taken.has(name); k++) name = `${base}_${k}`
    taken.add(name)
    return name
  }
}

// --- places ----------------------------------------------------------------------------------------------------------

const term = (over: string, by: number): string => (by === 1 ? over : `${over} / ${by}`)

/** The lines that take a place in a row-major array apart into its indices. */
export const indexLines = (
  place: string,
  names: readonly string[],
  extents: readonly number[],
  pad: string
): readonly string[] =>
  names.map((name, axis) => {
    const below = product(extents.slice(axis + 1))
    if (extents[axis] === 1) return `${pad}let ${name} = 0;`
    const rest = term(place, below)
    return `${pad}let ${name} = ${axis === 0 ? rest : `${rest} % ${extents[axis]}`};`
  })

/** The number of the workgroup, which a dispatch of more than one dimension can hold of puts in two. */
export const groupLine = (total: number, most: number): string =>
  total <= most ? '  let tile = i32(group.x);' : `  let tile = i32(group.y) * ${most} + i32(group.x);`

export const groupsOf = (total: number, most: number): readonly [number, number] =>
  total <= most ? [total, 1] : [most, Math.ceil(total / most)]

export const binding = (at: number, access: 'read' | 'read_write', name: string): string =>
  `@group(0) @binding(${at}) var<storage, ${access}> ${name}: array<f32>;`

export const entry = (name: string, width: number): readonly string[] => [
  `@compute @workgroup_size(${width})`,
  `fn ${name}(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {`,
  '  let lane = i32(invocation);'
]

export const axesOf = (plan: Plan, k: PlanKernel): ReadonlyMap<string, readonly number[]> =>
  new Map(k.parameters.map((p) => [p.label, p.axes.map(valueOf(plan.sizes))]))
