/** Rules on the text of files: their length, and what must appear in none of them. */
import type { Source } from './imports'

export const LONGEST = 300

/** One sentence for every TypeScript file that should be two. */
export const tooLong = (sources: readonly Source[]): readonly string[] =>
  sources
    .map(({ file, text }) => ({ file, lines: text.trimEnd().split('\n').length }))
    .filter(({ file, lines }) => file.endsWith('.ts') && lines > LONGEST)
    .map(({ file, lines }) => `${file} has ${lines} lines, at most ${LONGEST} are allowed`)

interface Rule {
  readonly what: string
  readonly pattern: RegExp
  /** The files that it is for; all of them if absent. */
  readonly only?: RegExp
}

// The patterns do not match themselves.
const rules: readonly Rule[] = [
  { what: 'a path of one machine', pattern: /(?:^|[^\w.*)\]/-])\/(?:work|tmp|home|root|Users)\/[\w.]/ },
  { what: 'a path of one machine', pattern: /\b[A-Z]:\\\\?(?:Users|Windows)/ },
  { what: 'the host of a package registry', pattern: /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\b|\bartifactory\b/i },
  { what: 'the address of a package', pattern: /"resolved":\s*"(?:https?|git)/, only: /package-lock\.json$/ },
  { what: 'unseeded randomness', pattern: /\bMath\s*(?:\.\s*random|\[\s*['"]random)/, only: /\.(?:ts|js|mjs|cjs)$/ },
  { what: 'a default export', pattern: /^export default\b/, only: /\.ts$/ },
  { what: 'a suppressed check', pattern: /@ts-(?:ignore|nocheck|expect-error)\b/, only: /\.ts$/ },
  {
    what: 'how the product was made',
    pattern: /\bissue #?\d+|\bdone-when\b|\btime-?box|\bsub-?agents?\b|\bthis session\b/i
  }
]

/** One sentence for every line that says what no file may say. */
export const forbiddenTexts = (sources: readonly Source[]): readonly string[] =>
  sources.flatMap(({ file, text }) => {
    const mine = rules.filter(({ only }) => only === undefined || only.test(file))
    return text
      .split('\n')
      .flatMap((line, index) =>
        mine
          .filter(({ pattern }) => pattern.test(line))
          .map(({ what }) => `${file}:${index + 1} contains ${what}: ${line.trim().slice(0, 80)}`)
      )
  })
