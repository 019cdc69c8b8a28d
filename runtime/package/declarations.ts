/** The declarations of the library, with imports that Node's own resolution of ES modules finds. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** An import, or a comment: a comment's examples are left as they are. */
const imported = /(\/\*[\s\S]*?\*\/|\/\/.*$)|(\bfrom\s*['"]|\bimport\s*\(\s*['"]|^import\s*['"])([^'"\n]+)(?=['"])/gm

/**
 * Completes imports: `./layer` becomes `./layer.js`, `./zoo` becomes `./zoo/index.js`, and `fp-ts/Either`, a folder,
 * becomes `fp-ts/lib/Either.js`. A package whose types an installer does not get is refused.
 */
export const complete = (
  text: string,
  isFile: (specifier: string) => boolean,
  dependencies: readonly string[]
): string =>
  text.replace(imported, (line, comment: string | undefined, before: string, specifier: string) => {
    if (comment !== undefined) return line
    if (specifier.startsWith('fp-ts/')) return `${before}${specifier.replace(/^fp-ts\/(?:lib\/)?/, 'fp-ts/lib/')}.js`
    if (specifier.startsWith('node:') || specifier.endsWith('.js')) return `${before}${specifier}`
    if (!specifier.startsWith('.')) {
      if (dependencies.some((name) => name === specifier || name === `@types/${specifier}`))
        return `${before}${specifier}`
      throw new Error(`internal: the library's types mention ${specifier}, which is no dependency of the package`)
    }
    return `${before}${isFile(specifier) ? specifier : specifier.replace(/\/$/, '').concat('/index')}.js`
  })

/** Writes the declarations of the entries, and of what they import, under `out`; throws if a type is wrong. */
export const writeDeclarations = (root: string, entries: readonly string[], out: string): void => {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const project = path.join(out, 'tsconfig.json')
  const options = { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: out }
  const files = entries.map((entry) => path.join(root, entry))
  const typeRoots = [path.join(root, 'node_modules/@types')]
  const text = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: { ...options, typeRoots },
    files,
    include: []
  }
  writeFileSync(project, JSON.stringify(text))
  execFileSync(process.execPath, [tsc, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] })
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  for (const file of readdirSync(out, { recursive: true, encoding: 'utf8' }) as readonly string[]) {
    if (!file.endsWith('.d.ts')) continue
    const whole = path.join(out, file)
    const isFile = (specifier: string): boolean => existsSync(path.join(path.dirname(whole), `${specifier}.d.ts`))
    writeFileSync(whole, complete(readFileSync(whole, 'utf8'), isFile, Object.keys(dependencies)))
  }
}
