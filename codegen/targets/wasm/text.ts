/** WebAssembly's text format, folded: a module for the eye, which other tools assemble to the same code. */
import type { Func, Module } from './module'
import { loads, localsIn, type Statement, stores, type Value } from './tree'

const name = (words: string): string => `$${words.replace(/[^\w.#]+/g, '_')}`

const number = (value: number): string => {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  return Object.is(value, -0) ? '-0' : String(value)
}

const offset = (bytes: number): string => (bytes === 0 ? '' : ` offset=${bytes}`)
const align = (log2: number): string => (log2 > 2 ? ' align=4' : '')

const hex = (word: number): string => `0x${(word >>> 0).toString(16).padStart(8, '0')}`

const value = (v: Value): string => {
  const all = (args: readonly Value[]): string => args.map((a) => ` ${value(a)}`).join('')
  switch (v._tag) {
    case 'const':
      return `(${v.type}.const ${number(v.value)})`
    case 'lanes':
      return `(v128.const i32x4 ${v.words.map(hex).join(' ')})`
    case 'get':
      return `(local.get ${name(v.local.name)})`
    case 'tee':
      return `(local.tee ${name(v.local.name)} ${value(v.value)})`
    case 'op':
      return `(${v.name}${all(v.args)})`
    case 'lane':
      return `(${v.name} ${v.lane}${all(v.args)})`
    case 'shuffle':
      return `(i8x16.shuffle ${v.bytes.join(' ')}${all(v.args)})`
    case 'load':
      return `(${v.name}${offset(v.offset)}${align(loads[v.name].align)} ${value(v.at)})`
    case 'select':
      return `(select (result ${v.type})${all([v.yes, v.no, v.when])})`
    case 'callValue':
      return `(call ${name(v.callee)}${all(v.args)})`
    case 'atomicAdd':
      return `(i32.atomic.rmw.add${all([v.at, v.by])})`
    case 'atomicLoad':
      return `(i32.atomic.load ${value(v.at)})`
  }
}

/** Lines of one statement, each behind `pad`. */
const statement = (t: Statement, pad: string): readonly string[] => {
  const deeper = (body: readonly Statement[], more = '  '): readonly string[] =>
    body.flatMap((each) => statement(each, pad + more))
  switch (t._tag) {
    case 'set':
      return [`${pad}(local.set ${name(t.local.name)} ${value(t.value)})`]
    case 'store':
      return [`${pad}(${t.name}${offset(t.offset)}${align(stores[t.name].align)} ${value(t.at)} ${value(t.value)})`]
    case 'storeLane':
      return [`${pad}(v128.store32_lane${offset(t.offset)} ${t.lane} ${value(t.at)} ${value(t.value)})`]
    case 'block':
    case 'loop':
      return [`${pad}(${t._tag} ${name(t.label)}`, ...deeper(t.body), `${pad})`]
    case 'if':
      return [
        `${pad}(if ${value(t.when)}`,
        `${pad}  (then`,
        ...deeper(t.yes, '    '),
        `${pad}  )`,
        ...(t.no.length === 0 ? [] : [`${pad}  (else`, ...deeper(t.no, '    '), `${pad}  )`]),
        `${pad})`
      ]
    case 'br':
      return [t.when === null ? `${pad}(br ${name(t.label)})` : `${pad}(br_if ${name(t.label)} ${value(t.when)})`]
    case 'call':
      return [`${pad}(call ${[name(t.callee), ...t.args.map(value)].join(' ')})`]
    case 'drop':
      return [`${pad}(drop ${value(t.value)})`]
    case 'return':
      return [t.value === null ? `${pad}(return)` : `${pad}(return ${value(t.value)})`]
    case 'copy':
    case 'fill':
      return [`${pad}(memory.${t._tag} ${[t.to, t.from, t.bytes].map(value).join(' ')})`]
    case 'atomicStore':
      return [`${pad}(i32.atomic.store ${value(t.at)} ${value(t.value)})`]
    case 'wait':
      return [`${pad}(drop (memory.atomic.wait32 ${value(t.at)} ${value(t.expected)} (i64.const -1)))`]
    case 'notify':
      return [`${pad}(drop (memory.atomic.notify ${value(t.at)} (i32.const -1)))`]
    case 'trap':
      return [`${pad}(unreachable)`]
  }
}

// --- locals ----------------------------------------------------------------------------------------------------------

// --- modules ---------------------------------------------------------------------------------------------------------

export const showFunction = (f: Func): string => {
  const taken = new Set(f.params.map((p) => p.name))
  const own = new Map(f.body.flatMap(localsIn).flatMap((l) => (taken.has(l.name) ? [] : [[l.name, l.type] as const])))
  const declared = [...own].map(([local, type]) => `    (local ${name(local)} ${type})`)
  return [
    [
      `  (func ${name(f.name)}`,
      ...(f.exported ? [`(export "${f.name}")`] : []),
      ...f.params.map((p) => `(param ${name(p.name)} ${p.type})`),
      ...(f.result === null ? [] : [`(result ${f.result})`])
    ].join(' '),
    ...declared,
    ...f.body.flatMap((each) => statement(each, '    ')),
    ...(f.result === null ? [] : ['    (unreachable)']),
    '  )'
  ].join('\n')
}

export const showModule = (m: Module): string => {
  const { memory } = m
  const size = `${memory.pages}${memory.most === null ? '' : ` ${memory.most}`}${memory.shared ? ' shared' : ''}`
  const declared = memory.imported
    ? `  (import "env" "memory" (memory ${size}))`
    : `  (memory (export "memory") ${size})`
  return ['(module', declared, ...m.functions.map(showFunction), ')'].join('\n')
}
