/** The table of rooms holds over the tree, and the rule that says so sees what it should. */
import test from 'tape'
import { circles, forbiddenImports, graph, reaches, type Source, specifiers } from './imports'
import { sources } from './tree'

const tree = sources()

/** All but this file, whose strings hold the import lines that the rule must see. */
const judged = tree.filter(({ file }) => file !== 'test/rules/imports.test.ts')

test('the tree is really read', (t) => {
  t.ok(tree.length > 100, `${tree.length} sources`)
  const lines = tree.reduce((sum, { text }) => sum + specifiers(text).length, 0)
  t.ok(lines > tree.length, `${lines} imports`)
  t.end()
})

test('imports follow the table of rooms', (t) => {
  t.deepEqual(forbiddenImports(judged), [])
  t.end()
})

test('the layer interpreter reaches nothing of codegen, over any number of imports', (t) => {
  t.deepEqual(reaches(graph(tree), 'runtime/interpreter/', 'codegen/'), [])
  t.end()
})

test('no circles', (t) => {
  t.deepEqual(circles(graph(tree)), [])
  t.end()
})

test('every form of an import is seen', (t) => {
  const forms: readonly (readonly [string, readonly string[]])[] = [
    [`import * as E from 'fp-ts/Either'`, ['fp-ts/Either']],
    [`import type { A } from "./a"`, ['./a']],
    [`import {\n  a,\n  type B\n} from '../b'`, ['../b']],
    [`export { a } from './a'`, ['./a']],
    [`export * from './a'`, ['./a']],
    [`import './effect'`, ['./effect']],
    [`const { a } = await import('./a')`, ['./a']],
    [`const a: import('./a').A = b`, ['./a']],
    [`const a = require('gl')`, ['gl']],
    [`const a = import(name)`, ['computed: name']],
    [`const a = import('./' + name)`, [`computed: './' + name`]],
    [`// import { a } from './a'`, []],
    [`/**\n * Example: import { a } from './a'\n */`, []],
    [`const a = 1 // from 'here'`, []],
    [`import a from './a'\nimport b from './b'`, ['./a', './b']]
  ]
  for (const [text, expected] of forms) t.deepEqual(specifiers(text), expected, text.replaceAll('\n', ' '))
  t.end()
})

const planted: readonly { readonly name: string; readonly files: readonly Source[]; readonly says: string }[] = [
  {
    name: 'spec imports codegen',
    files: [
      { file: 'spec/a.ts', text: `import { b } from '../codegen/b'` },
      { file: 'codegen/b.ts', text: '' }
    ],
    says: 'spec/a.ts may not import codegen/b.ts'
  },
  {
    name: 'codegen imports runtime, types only',
    files: [
      { file: 'codegen/rules/a.ts', text: `import type { B } from '../../runtime/b'` },
      { file: 'runtime/b.ts', text: '' }
    ],
    says: 'codegen/rules/a.ts may not import runtime/b.ts'
  },
  {
    name: 'runtime imports a test',
    files: [
      { file: 'runtime/a.ts', text: `const b = await import('../test/b')` },
      { file: 'test/b.ts', text: '' }
    ],
    says: 'runtime/a.ts may not import test/b.ts'
  },
  {
    name: 'a file that does not exist',
    files: [{ file: 'runtime/a.ts', text: `import '../bench/gone'` }],
    says: 'runtime/a.ts may not import bench/gone'
  },
  {
    name: 'the interpreter imports codegen',
    files: [
      { file: 'runtime/interpreter/a.ts', text: `export { b } from '../../codegen/b'` },
      { file: 'codegen/b.ts', text: '' }
    ],
    says: 'runtime/interpreter/a.ts may not import codegen/b.ts'
  },
  {
    name: 'spec imports Node',
    files: [{ file: 'spec/a.ts', text: `import { readFileSync } from 'node:fs'` }],
    says: 'spec/a.ts may not import the package node:fs'
  },
  {
    name: 'another folder imports gpu.js',
    files: [{ file: 'runtime/solve/a.ts', text: `const g = import('gpu.js')` }],
    says: 'runtime/solve/a.ts may not import the package gpu.js'
  },
  {
    name: 'a computed import',
    files: [{ file: 'runtime/solve/a.ts', text: 'const g = import(name)' }],
    says: 'runtime/solve/a.ts imports by a computed name, name'
  },
  {
    name: 'a new folder',
    files: [{ file: 'helpers/a.ts', text: '' }],
    says: 'helpers/a.ts is in no room of the table'
  }
]

for (const { name, files, says } of planted) {
  test(`planted: ${name}`, (t) => {
    t.deepEqual(forbiddenImports(files), [says])
    t.end()
  })
}

test('what is allowed is not reported', (t) => {
  const files: readonly Source[] = [
    { file: 'spec/zoo/a.ts', text: `import { pipe } from 'fp-ts/function'\nimport * as L from '../layer'` },
    { file: 'spec/layer.ts', text: '' },
    { file: 'codegen/a.ts', text: `import type { Layer } from '../spec/layer'` },
    { file: 'runtime/gpujs/a.ts', text: `import { c } from '../../codegen/a'\nconst g = import('gpu.js')` },
    { file: 'test/a.test.ts', text: `import test from 'tape'\nimport { d } from '../runtime/gpujs/a'` }
  ]
  t.deepEqual(forbiddenImports(files), [])
  t.deepEqual(circles(graph(files)), [])
  t.end()
})

test('planted: a way to codegen over another file, and a circle', (t) => {
  const files: readonly Source[] = [
    { file: 'runtime/interpreter/a.ts', text: `import { b } from '../b'` },
    { file: 'runtime/b.ts', text: `import { c } from '../codegen'` },
    { file: 'codegen/index.ts', text: `export { d } from './d'` },
    { file: 'codegen/d.ts', text: `import type { I } from '.'` }
  ]
  t.deepEqual(reaches(graph(files), 'runtime/interpreter/', 'codegen/'), [
    'runtime/interpreter/a.ts -> runtime/b.ts -> codegen/index.ts'
  ])
  t.deepEqual(circles(graph(files)), ['codegen/index.ts -> codegen/d.ts -> codegen/index.ts'])
  t.end()
})
