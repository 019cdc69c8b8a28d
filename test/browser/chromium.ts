/** Opens a page in a headless Chromium, on software rendering, and waits for what the page posts back. */
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

const names: readonly string[] = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first Chromium or Chrome on the path, or null. */
export const findChromium = (): string | null => {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const files = names.flatMap((name) => folders.map((folder) => path.join(folder, name)))
  return files.find(isExecutable) ?? null
}

/** WebGL2 and WebGPU on SwiftShader, and nothing that reaches beyond this machine. */
const flags: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-proxy-server',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-breakpad'
]

const page = '<!doctype html><meta charset="utf-8"><title>ansatz</title><script src="/page.js"></script>\n'

/** What a page needs that shares memory among threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** What a browser said, less what any says where no desktop runs. */
const matters = (said: string): string =>
  said
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('dbus'))
    .slice(-10)
    .join('\n')

/** A server of one page with one script, on a free port of this machine alone. */
const serve = (script: string, seen: () => void, posted: (body: string) => void): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(async (request, response) => {
      const type = (name: string) => ({
        'Content-Type': `${name}; charset=utf-8`,
        'Cache-Control': 'no-store',
        ...isolation
      })
      if (request.method === 'POST' && request.url === '/report') {
        const body = await bodyOf(request)
        response.writeHead(204).end()
        posted(body)
      } else if (request.url === '/page.js') {
        seen()
        response.writeHead(200, type('text/javascript')).end(script)
      } else if (request.url === '/') response.writeHead(200, type('text/html')).end(page)
      else response.writeHead(404).end()
    })
    server.listen(0, '127.0.0.1', () => resolve(server))
  })

export type Visit =
  | { readonly _tag: 'Posted'; readonly body: string }
  /** The browser ended before it asked for the page: it does not run here. */
  | { readonly _tag: 'Unstarted'; readonly why: string }
  /** It asked for the page's script and then ended, or said nothing in time. */
  | { readonly _tag: 'Silent'; readonly why: string }

/** Runs the script in a page of its own; `limit` in seconds, after which the browser is ended. */
export const visit = async (browser: string, script: string, limit: number): Promise<Visit> => {
  let started = false
  let said = ''
  let settle: (visit: Visit) => void = () => {}
  const settled = new Promise<Visit>((resolve) => {
    settle = resolve
  })
  const server = await serve(
    script,
    () => {
      started = true
    },
    (body) => settle({ _tag: 'Posted', body })
  )
  const profile = mkdtempSync(path.join(tmpdir(), 'ansatz-page-'))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  // In the group of this process, so that who ends the group ends the browser as well.
  const child = spawn(browser, [...flags, `--user-data-dir=${profile}`, address], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = (): void => {
    child.kill('SIGKILL')
  }
  const clean = (): void => rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  const abandon = (): void => {
    stop()
    clean()
  }
  const leave = (): void => process.exit(130)
  const failed = (what: string): void =>
    settle({
      _tag: started ? 'Silent' : 'Unstarted',
      why: `${path.basename(browser)} ${what}\n${matters(said)}`.trimEnd()
    })
  process.once('exit', abandon)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-20_000)
  })
  child.once('error', (cause) => failed(`does not start: ${cause.message}`))
  child.once('exit', (code, signal) => failed(`ended with ${code ?? signal}`))
  const clock = setTimeout(() => failed(`posted nothing within ${limit} s`), limit * 1000)
  const result = await settled
  clearTimeout(clock)
  stop()
  await ended
  process.removeListener('exit', abandon)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, leave)
  server.closeAllConnections()
  server.close()
  clean()
  return result
}
