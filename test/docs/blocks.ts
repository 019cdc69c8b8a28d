/** The pages of the documentation: their code blocks, what these print, their commands and links. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../runtime/package/root'

export const root = packageRoot()

export interface Page {
  /** Its path from the root, such as `docs/tour.md`. */
  readonly name: string
  readonly text: string
}

export const pages = (): readonly Page[] =>
  ['README.md', ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)]
    .filter((name) => name.endsWith('.md'))
    .map((name) => ({ name, text: readFileSync(path.join(root, name), 'utf8') }))

// --- code ------------------------------------------------------------------------------------------------------------

/** The TypeScript blocks of a page, in order. */
const blocks = (page: string): readonly string[] =>
  [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')

/** Stands between what one block prints and what the next does. */
const mark = '-----8<-----'

/** What each TypeScript block of a page prints when all of them run as one script; a failure gives its message instead. */
export const run = (page: string): readonly string[] | string => {
  const code = blocks(page).map((text) => `${text}\nconsole.log('${mark}')\n`)
  const folder = path.join(root, '.scratch')
  const file = path.join(folder, `page-${process.pid}.ts`) // as deep as docs/, so that imports read the same
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code.join(''))
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26
    })
    return status === 0 ? stdout.split(`${mark}\n`).slice(0, -1) : `exit ${status}\n${stderr}`
  } finally {
    rmSync(file)
  }
}

/** The page with every `text` block that follows a TypeScript block replaced by what that block prints. */
export const withOutputs = (page: string, outputs: readonly string[]): string => {
  let next = 0
  return page.replace(/(^```ts\n[\s\S]*?^```$)(\n\n```text\n[\s\S]*?^```$)?/gm, (_, code: string, shown?: string) => {
    const output = outputs[next++] ?? ''
    return shown === undefined ? code : `${code}\n\n\`\`\`text\n${output.trimEnd()}\n\`\`\``
  })
}

/** Measured numbers, which vary between machines, as `#`. */
export const masked = (text: string): string => text.replace(/\d+(?:\.\d+)?e[-+]\d+/g, '#')

// --- links and commands ----------------------------------------------------------------------------------------------

/** Relative links of a page, without their anchors. */
export const links = ({ text }: Page): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? '').replace(/#.*$/, ''))
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link))

const isCommand = (line: string): boolean =>
  /^(?:npm (?:run|start|test|ci)|npx ansatz|ansatz|node --import)\b/.test(line)

/**
 * The command lines of a page: indented or fenced, after an optional `$`; and those between backquotes. A remark after three
 * spaces is no part of them.
 */
export const commands = ({ text }: Page): readonly string[] => {
  const whole = text.split('\n').map((line) => line.replace(/^ {4}/, '').replace(/^\$ /, ''))
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  return [...whole, ...quoted]
    .map((line) => line.replace(' --silent', ''))
    .filter(isCommand)
    .map((line) => line.split(/ {2,}|\s[|>]\s/)[0]?.trim() ?? '')
}
