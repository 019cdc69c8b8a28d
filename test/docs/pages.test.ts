/** What the pages say can be done: links lead somewhere, commands exist, and take the options that are shown. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { rungs } from '../../runtime/ladder/rung'
import { commands, links, type Page, pages, root } from './blocks'

const all = pages()
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }

test('links lead to files', (t) => {
  for (const page of all) {
    const folder = path.dirname(path.join(root, page.name))
    const broken = links(page).filter((link) => !existsSync(path.join(folder, link)))
    t.deepEqual(broken, [], `${page.name}: ${links(page).length} links`)
  }
  t.end()
})

/** The arguments of our own command in a line, or null where the line is another program's. */
const ours = (line: string): readonly string[] | null => {
  const own = /^(?:npm run ansatz --|npx ansatz|ansatz|npm run (print) --)(?: (.*))?$/.exec(line)
  return own === null ? null : [...(own[1] === undefined ? [] : [own[1]]), ...(own[2] ?? '').split(' ').filter(Boolean)]
}

/** What a program says for `--help`, asked once. */
const helps = new Map<string, string>()
const help = (file: string, words: readonly string[]): string => {
  const key = [file, ...words].join(' ')
  const { stdout, status } = helps.has(key)
    ? { stdout: helps.get(key)!, status: 0 }
    : spawnSync(process.execPath, ['--import', 'tsx', file, ...words, '--help'], { cwd: root, encoding: 'utf8' })
  const text = status === 0 ? stdout : ''
  helps.set(key, text)
  return text
}

const fault = (line: string): string | null => {
  const options = (text: string, words: readonly string[]): string | null => {
    const unknown = words.filter((w) => /^--[a-z]/.test(w)).find((w) => !text.includes(w))
    return text === '' ? 'no such command' : unknown === undefined ? null : `no option ${unknown}`
  }
  const words = ours(line)
  if (words !== null) {
    const [command, under, ...rest] = words
    if (command === 'train' && under === 'spectral') return options(help('runtime/cli/main.ts', [command, under]), rest)
    const named = command === undefined || command.startsWith('-') || /^[A-Z]/.test(command) ? [] : [command]
    return options(help('runtime/cli/main.ts', named), words.slice(named.length))
  }
  const script = /^npm (?:run )?([\w:]+)/.exec(line)?.[1]
  if (line.startsWith('npm run bench --')) return options(help('bench/main.ts', []), line.split(' ').slice(4))
  if (script !== undefined && script !== 'ci') return script in scripts ? null : `no script ${script}`
  const file = /^node --import tsx (\S+)/.exec(line)?.[1]
  return file === undefined || existsSync(path.join(root, file)) ? null : `no file ${file}`
}

test('commands exist and take the options shown', (t) => {
  for (const page of all) {
    const lines = [...new Set(commands(page))]
    const faults = lines.flatMap((line) => {
      const found = fault(line)
      return found === null ? [] : [`${line}: ${found}`]
    })
    t.deepEqual(faults, [], `${page.name}: ${lines.length} commands`)
  }
  t.end()
})

test('a wrong page is noticed', (t) => {
  const page: Page = {
    name: 'docs/wrong.md',
    text: '[a](nowhere.md)\n\n    npm run ansatz -- solve A.mtx --no-such-option\n    npm run nothing\n'
  }
  t.deepEqual(links(page), ['nowhere.md'], 'its link')
  t.deepEqual(commands(page).map(fault), ['no option --no-such-option', 'no script nothing'], 'its commands')
  t.end()
})

test('docs/architecture.md explains every rung of the ladder', (t) => {
  const text = read('docs/architecture.md')
  const missing = Object.keys(rungs).filter((rung) => !text.includes(`\`${rung}\``))
  t.deepEqual(missing, [], `${Object.keys(rungs).length} rungs`)
  t.end()
})

test('docs/new-layer.md names files that exist', (t) => {
  const paths = [...read('docs/new-layer.md').matchAll(/`((?:spec|codegen|runtime|test)\/[\w/.-]+)`/g)].map(
    (m) => m[1]!
  )
  const missing = paths.filter((p) => !p.includes('NAME') && !existsSync(path.join(root, p)))
  t.deepEqual(missing, [], `${paths.length} paths`)
  t.end()
})
