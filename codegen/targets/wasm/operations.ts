/**
 * WebAssembly's plain operations: values in, one value out, no immediates. Names, codes and types are those of the core
 * specification 2.0 (sections 5.4.5 to 5.4.8) with fixed-width SIMD, and two of 3.0's relaxed SIMD.
 */

/** The types of a value on WebAssembly's stack; a `v128` is 128 bits, read as four f32, two f64 or four i32. */
export type ValueType = 'i32' | 'f32' | 'f64' | 'v128'

interface Operation<Takes extends readonly ValueType[], Gives extends ValueType> {
  /** The bytes before the immediates: a prefix where there is one, then the code in LEB128. */
  readonly code: readonly number[]
  readonly takes: Takes
  readonly gives: Gives
}

/** Operations of one type; a code above 255 has its prefix in the bits above the lowest sixteen. */
const group = <const Takes extends readonly ValueType[], Gives extends ValueType, Name extends string>(
  takes: Takes,
  gives: Gives,
  codes: Readonly<Record<Name, number>>
): Readonly<Record<Name, Operation<Takes, Gives>>> => {
  const made = {} as Record<Name, Operation<Takes, Gives>>
  for (const name of Object.keys(codes) as Name[]) {
    const [prefix, own] = [codes[name] >> 16, codes[name] & 0xffff]
    const code = prefix === 0 ? [own] : own < 0x80 ? [prefix, own] : [prefix, (own & 0x7f) | 0x80, own >> 7]
    made[name] = { code, takes, gives }
  }
  return made
}

/** A code behind the prefix of SIMD, and one behind that of saturating truncation and bulk memory. */
const simd = 0xfd0000
const more = 0xfc0000

const v = 'v128'

export const operations = {
  ...group(['i32'], 'i32', { 'i32.eqz': 0x45, 'i32.clz': 0x67, 'i32.ctz': 0x68 }),
  ...group(['i32', 'i32'], 'i32', {
    'i32.eq': 0x46,
    'i32.ne': 0x47,
    'i32.lt_s': 0x48,
    'i32.lt_u': 0x49,
    'i32.gt_s': 0x4a,
    'i32.gt_u': 0x4b,
    'i32.le_s': 0x4c,
    'i32.le_u': 0x4d,
    'i32.ge_s': 0x4e,
    'i32.ge_u': 0x4f,
    'i32.add': 0x6a,
    'i32.sub': 0x6b,
    'i32.mul': 0x6c,
    'i32.div_s': 0x6d,
    'i32.div_u': 0x6e,
    'i32.rem_s': 0x6f,
    'i32.rem_u': 0x70,
    'i32.and': 0x71,
    'i32.or': 0x72,
    'i32.xor': 0x73,
    'i32.shl': 0x74,
    'i32.shr_s': 0x75,
    'i32.shr_u': 0x76
  }),
  ...group(['f32', 'f32'], 'i32', {
    'f32.eq': 0x5b,
    'f32.ne': 0x5c,
    'f32.lt': 0x5d,
    'f32.gt': 0x5e,
    'f32.le': 0x5f,
    'f32.ge': 0x60
  }),
  ...group(['f64', 'f64'], 'i32', {
    'f64.eq': 0x61,
    'f64.ne': 0x62,
    'f64.lt': 0x63,
    'f64.gt': 0x64,
    'f64.le': 0x65,
    'f64.ge': 0x66
  }),
  ...group(['f32'], 'f32', {
    'f32.abs': 0x8b,
    'f32.neg': 0x8c,
    'f32.ceil': 0x8d,
    'f32.floor': 0x8e,
    'f32.trunc': 0x8f,
    'f32.nearest': 0x90,
    'f32.sqrt': 0x91
  }),
  ...group(['f32', 'f32'], 'f32', {
    'f32.add': 0x92,
    'f32.sub': 0x93,
    'f32.mul': 0x94,
    'f32.div': 0x95,
    'f32.min': 0x96,
    'f32.max': 0x97,
    'f32.copysign': 0x98
  }),
  ...group(['f64'], 'f64', {
    'f64.abs': 0x99,
    'f64.neg': 0x9a,
    'f64.ceil': 0x9b,
    'f64.floor': 0x9c,
    'f64.trunc': 0x9d,
    'f64.nearest': 0x9e,
    'f64.sqrt': 0x9f
  }),
  ...group(['f64', 'f64'], 'f64', {
    'f64.add': 0xa0,
    'f64.sub': 0xa1,
    'f64.mul': 0xa2,
    'f64.div': 0xa3,
    'f64.min': 0xa4,
    'f64.max': 0xa5,
    'f64.copysign': 0xa6
  }),
  ...group(['f32'], 'i32', { 'i32.reinterpret_f32': 0xbc, 'i32.trunc_sat_f32_s': more | 0x00 }),
  ...group(['f64'], 'i32', { 'i32.trunc_sat_f64_s': more | 0x02 }),
  ...group(['i32'], 'f32', { 'f32.convert_i32_s': 0xb2, 'f32.convert_i32_u': 0xb3, 'f32.reinterpret_i32': 0xbe }),
  ...group(['i32'], 'f64', { 'f64.convert_i32_s': 0xb7, 'f64.convert_i32_u': 0xb8 }),
  ...group(['f64'], 'f32', { 'f32.demote_f64': 0xb6 }),
  ...group(['f32'], 'f64', { 'f64.promote_f32': 0xbb }),
  ...group(['i32'], v, { 'i32x4.splat': simd | 0x11 }),
  ...group(['f32'], v, { 'f32x4.splat': simd | 0x13 }),
  ...group(['f64'], v, { 'f64x2.splat': simd | 0x14 }),
  ...group([v], v, {
    'v128.not': simd | 0x4d,
    'f32x4.demote_f64x2_zero': simd | 0x5e,
    'f64x2.promote_low_f32x4': simd | 0x5f,
    'f32x4.ceil': simd | 0x67,
    'f32x4.floor': simd | 0x68,
    'f32x4.trunc': simd | 0x69,
    'f32x4.nearest': simd | 0x6a,
    'f64x2.floor': simd | 0x75,
    'f64x2.nearest': simd | 0x94,
    'i32x4.abs': simd | 0xa0,
    'i32x4.neg': simd | 0xa1,
    'f32x4.abs': simd | 0xe0,
    'f32x4.neg': simd | 0xe1,
    'f32x4.sqrt': simd | 0xe3,
    'f64x2.abs': simd | 0xec,
    'f64x2.neg': simd | 0xed,
    'f64x2.sqrt': simd | 0xef,
    'i32x4.trunc_sat_f32x4_s': simd | 0xf8,
    'i32x4.trunc_sat_f32x4_u': simd | 0xf9,
    'f32x4.convert_i32x4_s': simd | 0xfa,
    'f32x4.convert_i32x4_u': simd | 0xfb,
    'i32x4.trunc_sat_f64x2_s_zero': simd | 0xfc,
    'f64x2.convert_low_i32x4_s': simd | 0xfe
  }),
  ...group([v, v], v, {
    'i32x4.eq': simd | 0x37,
    'i32x4.ne': simd | 0x38,
    'i32x4.lt_s': simd | 0x39,
    'i32x4.lt_u': simd | 0x3a,
    'i32x4.gt_s': simd | 0x3b,
    'i32x4.gt_u': simd | 0x3c,
    'i32x4.le_s': simd | 0x3d,
    'i32x4.le_u': simd | 0x3e,
    'i32x4.ge_s': simd | 0x3f,
    'i32x4.ge_u': simd | 0x40,
    'f32x4.eq': simd | 0x41,
    'f32x4.ne': simd | 0x42,
    'f32x4.lt': simd | 0x43,
    'f32x4.gt': simd | 0x44,
    'f32x4.le': simd | 0x45,
    'f32x4.ge': simd | 0x46,
    'f64x2.eq': simd | 0x47,
    'f64x2.ne': simd | 0x48,
    'f64x2.lt': simd | 0x49,
    'f64x2.gt': simd | 0x4a,
    'f64x2.le': simd | 0x4b,
    'f64x2.ge': simd | 0x4c,
    'v128.and': simd | 0x4e,
    'v128.andnot': simd | 0x4f,
    'v128.or': simd | 0x50,
    'v128.xor': simd | 0x51,
    'i32x4.add': simd | 0xae,
    'i32x4.sub': simd | 0xb1,
    'i32x4.mul': simd | 0xb5,
    'i32x4.min_s': simd | 0xb6,
    'i32x4.max_s': simd | 0xb8,
    'f32x4.add': simd | 0xe4,
    'f32x4.sub': simd | 0xe5,
    'f32x4.mul': simd | 0xe6,
    'f32x4.div': simd | 0xe7,
    'f32x4.min': simd | 0xe8,
    'f32x4.max': simd | 0xe9,
    'f32x4.pmin': simd | 0xea,
    'f32x4.pmax': simd | 0xeb,
    'f64x2.add': simd | 0xf0,
    'f64x2.sub': simd | 0xf1,
    'f64x2.mul': simd | 0xf2,
    'f64x2.div': simd | 0xf3,
    'f64x2.min': simd | 0xf4,
    'f64x2.max': simd | 0xf5,
    'f64x2.pmin': simd | 0xf6,
    'f64x2.pmax': simd | 0xf7
  }),
  ...group([v, v, v], v, {
    'v128.bitselect': simd | 0x52,
    // p q + r and -p q + r, rounded once or twice, as the processor has it.
    'f32x4.relaxed_madd': simd | 0x105,
    'f32x4.relaxed_nmadd': simd | 0x106
  }),
  ...group([v], 'i32', {
    'v128.any_true': simd | 0x53,
    'i32x4.all_true': simd | 0xa3,
    'i32x4.bitmask': simd | 0xa4
  }),
  ...group([v, 'i32'], v, { 'i32x4.shl': simd | 0xab, 'i32x4.shr_s': simd | 0xac, 'i32x4.shr_u': simd | 0xad })
} as const

export type OperationName = keyof typeof operations
