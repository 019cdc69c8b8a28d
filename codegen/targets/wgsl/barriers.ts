/**
 * A check of printed texts: what one invocation writes to workgroup memory, another reads or overwrites only after a
 * barrier. Devices need not show that a barrier is missing, and software devices seldom do, so the text itself is judged.
 *
 * The text is read line by line. A loop with a barrier inside is gone through twice, so that its end meets its beginning;
 * any other loop is one piece of work of one invocation. An element that is named by `lane` alone is an invocation's own.
 */

/** Since the last barrier: arrays that were read or written, each at a place that other invocations may share or not. */
interface Since {
  readonly read: Map<string, boolean>
  readonly written: Map<string, boolean>
}

const barrier = 'workgroupBarrier();'

/** The one line whose reads and writes cannot meet: below `half` it writes, from `half` on it reads. */
const isTree = (line: string): boolean => / < half\) \{ partial\[lane\] = /.test(line)

/** The text between a bracket and its partner. */
const inside = (line: string, open: number): string => {
  let depth = 0
  for (let at = open; at < line.length; at++) {
    if (line[at] === '[') depth++
    if (line[at] === ']' && --depth === 0) return line.slice(open + 1, at)
  }
  return line.slice(open + 1)
}

interface Use {
  readonly array: string
  readonly own: boolean
  readonly writes: boolean
}

const usesIn = (line: string, arrays: readonly string[]): readonly Use[] => {
  if (isTree(line))
    return [
      { array: 'partial', own: true, writes: true },
      { array: 'partial', own: false, writes: false }
    ]
  return arrays.flatMap((array) =>
    [...line.matchAll(new RegExp(`\\b${array}\\[`, 'g'))].flatMap((found): readonly Use[] => {
      const open = found.index + array.length
      const place = inside(line, open)
      const after = line.slice(open + place.length + 2)
      const own = place === 'lane'
      const assigned = /^\s*=[^=]/.test(after)
      const updated = /^\s*[-+*/]=/.test(after)
      return [
        ...(assigned ? [] : [{ array, own, writes: false }]),
        ...(assigned || updated ? [{ array, own, writes: true }] : [])
      ]
    })
  )
}

/** Where the block that a line opens ends. */
const endOf = (lines: readonly string[], first: number): number => {
  let depth = 0
  for (let at = first; at < lines.length; at++) {
    for (const c of lines[at] as string) depth += c === '{' ? 1 : c === '}' ? -1 : 0
    if (depth === 0) return at
  }
  return lines.length - 1
}

/** One sentence for every pair of uses that no barrier parts. */
export const barrierFaults = (source: string): readonly string[] => {
  const lines = source.split('\n').map((line) => line.replace(/\/\/.*$/, ''))
  const arrays = lines.flatMap((line) => /^var<workgroup> (\w+)/.exec(line)?.[1] ?? [])
  const faults = new Set<string>()
  let since: Since = { read: new Map(), written: new Map() }

  /** One piece of work of every invocation; `tree` says that its own reads and writes cannot meet. */
  const work = (uses: readonly Use[], tree: boolean): void => {
    const clash = (mine: boolean, theirs: boolean | undefined): boolean => theirs !== undefined && !(mine && theirs)
    for (const { array, own, writes } of uses) {
      if (clash(own, since.written.get(array))) {
        faults.add(`${array} is ${writes ? 'written' : 'read'} after a write without a barrier`)
      }
      if (writes && clash(own, since.read.get(array))) faults.add(`${array} is written after a read without a barrier`)
      const meets = (u: Use): boolean => u.array === array && !u.writes && !(u.own && own)
      if (writes && !tree && uses.some(meets)) faults.add(`${array} is read and written at once`)
    }
    for (const { array, own, writes } of uses) {
      const side = writes ? since.written : since.read
      side.set(array, own && (side.get(array) ?? true))
    }
  }

  const go = (first: number, last: number): void => {
    for (let at = first; at <= last; at++) {
      const line = lines[at] as string
      if (line.includes(barrier)) {
        since = { read: new Map(), written: new Map() }
        continue
      }
      if (/^\s*(for|if|\{)/.test(line) && !isTree(line)) {
        const end = endOf(lines, at)
        const block = lines.slice(at, end + 1)
        const isLoop = /^\s*for/.test(line)
        if (block.some((l) => l.includes(barrier)) || /^\s*\{/.test(line)) {
          for (let turn = 0; turn < (isLoop ? 2 : 1); turn++) go(at + 1, end - 1)
        } else {
          // An invocation's own run through a loop without barriers: it may read what it wrote itself.
          work(
            block.flatMap((l) => usesIn(l, arrays)),
            false
          )
        }
        at = end
        continue
      }
      work(usesIn(line, arrays), isTree(line))
    }
  }
  const body = lines.findIndex((line) => line.startsWith('fn ') && line.includes('@builtin'))
  if (body >= 0 && arrays.length > 0) go(body + 1, lines.length - 1)
  return [...faults]
}
