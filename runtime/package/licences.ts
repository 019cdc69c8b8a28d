/** The licence texts of the packages that are bundled into ours. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folderOf = (input: string): string | null => {
  const start = input.lastIndexOf('node_modules/')
  if (start < 0) return null
  const [first = '', second = ''] = input.slice(start + 'node_modules/'.length).split('/')
  return `${input.slice(0, start)}node_modules/${first.startsWith('@') ? `${first}/${second}` : first}`
}

/** The folders of the packages that these bundled files belong to, sorted. */
export const bundledPackages = (inputs: readonly string[]): readonly string[] =>
  [...new Set(inputs.map(folderOf).filter((folder) => folder !== null))].sort()

const licenceOf = (root: string, folder: string): string => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  }
  const file = readdirSync(path.join(root, folder)).find((entry) => /^(?:licen[cs]e|copying)\b/i.test(entry))
  if (file === undefined) {
    throw new Error(`internal: ${name} is bundled, but has no licence file to ship with it`)
  }
  const text = readFileSync(path.join(root, folder, file), 'utf8').trim()
  return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n`
}

/** One text with every licence, each under the package's name and version. */
export const licences = (root: string, inputs: readonly string[]): string =>
  [
    'This folder contains code of the following packages, under their licences.\n',
    ...bundledPackages(inputs).map((folder) => licenceOf(root, folder))
  ].join(`\n${'-'.repeat(80)}\n\n`)
