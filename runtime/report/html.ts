/** HTML from templates: what is put into one is escaped, unless it is HTML itself. */

/** A piece of a page. */
export interface Html {
  readonly _tag: 'Html'
  readonly text: string
}

type Value = string | number | Html | readonly Html[]

/** Text that is HTML already, such as a drawing of our own. */
export const raw = (text: string): Html => ({ _tag: 'Html', text })

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Text as it stands between tags and in quoted attributes. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c] ?? c)

const isList = (value: Value): value is readonly Html[] => Array.isArray(value)

const put = (value: Value): string =>
  isList(value)
    ? value.map((each) => each.text).join('\n')
    : typeof value === 'object'
      ? value.text
      : escape(String(value))

/** A piece of a page from a template. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  raw(parts.map((part, k) => (k === 0 ? part : put(values[k - 1] ?? '') + part)).join(''))

/** A table; columns whose cells are all numbers stand to the right. */
export const table = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]): Html => {
  const right = columns.map((_, c) => rows.length > 0 && rows.every((row) => typeof row[c] === 'number'))
  const at = (c: number): Html => raw(right[c] === true ? ' class="number"' : '')
  return html`<table>
<tr>${columns.map((column, c) => html`<th${at(c)}>${column}</th>`)}</tr>
${rows.map((row) => html`<tr>${row.map((cell, c) => html`<td${at(c)}>${cell}</td>`)}</tr>`)}
</table>`
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e6e6e6; }
th { font-weight: 600; color: #555; }
.number { text-align: right; }
.status { border-left: 4px solid #009e73; padding: .4rem .8rem; background: #f6f6f6; margin: 1rem 0; }
.status.short { border-color: #d55e00; }
svg { max-width: 100%; height: auto; }
svg text { font-family: system-ui, sans-serif; }
pre, code { font: 13px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; background: #f6f6f6; padding: .8rem; }
figure { margin: 0 0 1rem; }
figcaption, .quiet { color: #555; font-size: .9rem; }
summary { cursor: pointer; color: #555; }
`

/** A page that asks nothing of a network and runs nothing. */
export const page = (title: string, body: readonly Html[]): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.text
