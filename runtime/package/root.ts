/** Where the package lies, so that shipped files are found both in the repository and when installed. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The nearest folder at or above `from` that holds a `package.json`. */
export const rootAbove = (from: string): string => {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder
    if (folder === path.dirname(folder)) throw new Error(`internal: no package.json above ${from}`)
  }
}

let found: string | null = null

/** The package's own folder, which holds `checkpoints/` and `examples/`: the repository, or `node_modules/ansatz`. */
export const packageRoot = (): string => {
  found ??= rootAbove(path.dirname(fileURLToPath(import.meta.url)))
  return found
}

/** The path of a file or folder that is shipped with the package, e.g. `shipped('checkpoints')`. */
export const shipped = (...parts: readonly string[]): string => path.join(packageRoot(), ...parts)

/** The package's version, as its `package.json` has it. */
export const version = (): string => {
  const read: unknown = JSON.parse(readFileSync(shipped('package.json'), 'utf8'))
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}
