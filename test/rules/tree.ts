/** The text files of the repository that the rules are about. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../runtime/package/root'
import type { Source } from './imports'

export const root = packageRoot()

const folders = ['spec', 'codegen', 'runtime', 'test', 'bench', 'examples', 'docs', '.ci']
const text = /\.(?:ts|md|json|js|cjs|mjs|txt|sh|html|css)$|(?:^|\/)run$/

const source = (file: string): Source => ({ file, text: readFileSync(path.join(root, file), 'utf8') })

const under = (folder: string): readonly string[] =>
  (readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }) as readonly string[])
    .map((file) => `${folder}/${file.replaceAll(path.sep, '/')}`)
    .filter((file) => !file.includes('/node_modules/')) // of the comparison with other packages, where it is installed
    .filter((file) => statSync(path.join(root, file)).isFile())

/** Files of the rooms and beside them, and the root's own files. */
export const texts = (): readonly Source[] =>
  [
    ...readdirSync(root).filter((file) => !file.startsWith('.') && statSync(path.join(root, file)).isFile()),
    ...folders.filter((folder) => readdirSync(root).includes(folder)).flatMap(under)
  ]
    .filter((file) => text.test(file) && !file.endsWith('.tgz'))
    .sort()
    .map(source)

/** The TypeScript sources of the rooms. */
export const sources = (): readonly Source[] => texts().filter(({ file }) => file.endsWith('.ts') && file.includes('/'))
