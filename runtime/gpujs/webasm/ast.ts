/** The syntax tree of a kernel, as far as the analysis of its indices reads it (ESTree, as gpu.js parses it). Pure. */

export interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** A part of a node that is a node itself, or null. */
export const part = (node: Node | null, key: string): Node | null => {
  const found = node?.[key]
  return isNode(found) ? found : null
}

export const nameOf = (node: Node | null): string | null =>
  node?.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : null

/** The whole number that a literal is, or null. */
export const wholeLiteral = (node: Node | null): number | null => {
  const value = node?.type === 'Literal' ? node['value'] : null
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null
}

/** `x` of `this.thread.x`, `n` of `this.constants.n`; null for anything else. */
export const memberOf = (node: Node | null, of: string): string | null => {
  const inner = part(node, 'object')
  const plain = node?.type === 'MemberExpression' && node['computed'] !== true && inner?.['computed'] !== true
  if (!plain || part(inner, 'object')?.type !== 'ThisExpression' || nameOf(part(inner, 'property')) !== of) return null
  return nameOf(part(node, 'property'))
}

/** Applies `visit` to a node and all nodes below it; `visit` answers false to keep out of a node. */
export const walk = (value: unknown, visit: (node: Node) => boolean): void => {
  if (Array.isArray(value)) {
    for (const each of value) walk(each, visit)
  } else if (isNode(value) && visit(value)) {
    for (const [key, child] of Object.entries(value)) if (key !== 'loc') walk(child, visit)
  }
}

/** The names that something below assigns to: `a = `, `a += `, `a++`. */
export const assigned = (value: unknown): ReadonlySet<string> => {
  const names = new Set<string>()
  walk(value, (node) => {
    const target =
      node.type === 'AssignmentExpression'
        ? part(node, 'left')
        : node.type === 'UpdateExpression'
          ? part(node, 'argument')
          : null
    const name = nameOf(target)
    if (name !== null) names.add(name)
    return true
  })
  return names
}
