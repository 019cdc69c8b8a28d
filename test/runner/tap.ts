/** What one test file said: its TAP, counted, with the reason of every skip and the whole text of every failure. */
import { Parser, type Result } from 'tap-parser'

export interface Outcome {
  readonly passed: number
  /** Failed assertions; at least one for a file that crashed, hung, made no claim or broke off. */
  readonly failed: number
  readonly skips: readonly string[]
  readonly failures: readonly string[]
}

/** How the process of a test file ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly timedOutAfter: number | null
  readonly stdout: string
  readonly stderr: string
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, '    ')

const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).trimEnd()

const detail = (diag: unknown): string =>
  typeof diag !== 'object' || diag === null
    ? ''
    : Object.entries(diag)
        .map(([key, value]) =>
          said(value).includes('\n') ? `${key}:\n${indent(said(value))}` : `${key}: ${said(value)}`
        )
        .join('\n')

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n')

/** A sentence on how the process ended, or null if it ended well. */
const badEnd = ({ code, signal, timedOutAfter, stdout, stderr }: Ending): string | null => {
  if (timedOutAfter !== null)
    return `did not end within ${timedOutAfter} s; its last words:\n${indent(lastLines(stdout, 5))}`
  if (signal !== null) return `was ended by ${signal}\n${indent(lastLines(stderr, 40))}`
  return code === 0 ? null : `ended with exit code ${code}\n${indent(lastLines(stderr, 40))}`
}

const skipComment = /^#\s*(?:SKIP\b|skipped\b:?)\s*(.*)$/i

/** Reads the TAP of an ended test file. */
export const read = (ending: Ending): Outcome => {
  let test = ''
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const failures: string[] = []
  const parser = new Parser()
  parser.on('comment', (line: string) => {
    const skip = skipComment.exec(line.trim())
    if (skip !== null) skips.push([test, skip[1] ?? ''].filter((part) => part !== '').join(': '))
    else test = line.replace(/^#\s*/, '').trim()
  })
  parser.on('assert', (result: Result) => {
    if (result.skip !== false) {
      skips.push([test, result.name, typeof result.skip === 'string' ? result.skip : ''].filter(Boolean).join(': '))
    } else if (result.ok) {
      passed++
    } else if (result.todo === false) {
      failed++
      failures.push(`${test}: ${result.name}\n${indent(detail(result.diag))}`)
    }
  })
  parser.end(ending.stdout)
  const end = badEnd(ending)
  if (end !== null && (failed === 0 || ending.code !== 1)) {
    failures.push(end)
    failed++
  } else if (failed === 0 && passed === 0 && skips.length === 0) {
    failures.push('makes no assertion')
    failed++
  } else if (failed === 0 && parser.results?.ok === false && passed > 0) {
    failures.push(`broke off: ${passed} assertions of ${parser.results.plan.end ?? 'an unknown number'} planned`)
    failed++
  }
  return { passed, failed, skips, failures }
}
