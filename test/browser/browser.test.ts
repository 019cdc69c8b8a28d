/** The compiled kernels in a page of a real browser: the ladder on every backend that browsers have, in headless Chromium. */
import * as esbuild from 'esbuild'
import test from 'tape'
import { packageRoot } from '../../runtime/package/root'
import { findChromium, visit } from './chromium'
import type { Calls, Climb, Report } from './report'

/** Seconds for the browser to start, load the page and climb. */
const LIMIT = 300

/** Set to 1, a browser must be there and offer every backend. */
const required = process.env['ANSATZ_REQUIRE_BROWSER'] === '1'

/** What a device's climb has beside the rungs that need none. */
const ofDevices = ['forward', 'vjp', 'update', 'step', 'kernels', 'batchOrder', 'equivariance'] as const

/** How a whole program executes on each backend. */
const kinds: Readonly<Record<string, RegExp>> = {
  cpu: /^sequential$/,
  webasm: /^fused-sync$/,
  webgl2: /^generic$/,
  webgpu: /^fused-encoder$/,
  wasm: /^simd/,
  wgsl: /^wgsl$/
}

/** The browser's interface that a backend runs by. */
const interfaceOf = (backend: string): readonly string[] =>
  backend === 'cpu' ? [] : [{ wgsl: 'webgpu', wasm: 'webasm' }[backend] ?? backend]

/** The script as any bundler for pages makes it: a module of Node among its imports is an error. */
const bundle = async (): Promise<string> => {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: packageRoot(),
    entryPoints: ['test/browser/page.ts'],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    write: false,
    logLevel: 'silent'
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

/** The interfaces of the browser that a climb used. */
const used = (calls: Calls): readonly string[] =>
  Object.entries(calls)
    .filter(([, count]) => count > 0)
    .map(([name]) => name)

const judge = (t: test.Test, climb: Climb): void => {
  const { model, backend, opened, adapter, calls, rungs } = climb
  const on = `${model} on ${backend}`
  t.deepEqual(climb.broken, [], `${on}: ${rungs.length} rungs hold, on ${adapter}, in ${climb.seconds.toFixed(1)} s`)
  t.deepEqual(
    ofDevices.filter((rung) => !rungs.includes(rung)),
    [],
    `${on}: every rung of a device was climbed`
  )
  t.equal(opened, backend, `${on}: the runtime reports ${opened}`)
  const known = kinds[backend] ?? /^$/
  t.ok(
    climb.kinds.length > 0 && climb.kinds.every((kind) => known.test(kind)),
    `${on}: programs execute as ${climb.kinds.join(', ')}`
  )
  t.deepEqual(used(calls), interfaceOf(backend), `${on}: the browser saw ${JSON.stringify(calls)}`)
}

test('the ladder in a page of a browser', async (t) => {
  const script = await bundle()
  t.ok(script.length > 0, `the page's script bundles: ${Math.round(script.length / 1024)} KB`)
  const absent = (why: string): void => {
    if (required) t.fail(why)
    else t.skip(why)
    t.end()
  }
  const browser = findChromium()
  if (browser === null) return absent('no chromium is on the path, so no page is tried')
  const visited = await visit(browser, script, LIMIT)
  if (visited._tag === 'Unstarted') return absent(visited.why)
  if (visited._tag === 'Silent') {
    t.fail(visited.why)
    return t.end()
  }
  const report = JSON.parse(visited.body) as Report
  t.equal(report.fault, null, 'the page ran to its end')
  for (const { backend, why } of report.missing) {
    if (required) t.fail(`${backend}: ${why}`)
    else t.skip(why)
  }
  for (const climb of report.climbs) judge(t, climb)
  const threads = report.threads
  t.equal(threads?.shares, true, `an isolated page shares memory among threads: ${threads?.parallelism} at once`)
  t.equal(threads?.sleeps, false, 'though its own thread never sleeps')
  t.deepEqual(threads?.kinds, ['simd', 'simd, 2 threads', 'simd, 3 threads'], 'a training step runs on several')
  t.equal(threads?.same, true, 'and gives the same bits as on one')
  t.equal(threads?.groups, true, 'so does a batch of systems')
  t.match(threads?.failure ?? '', /another of its threads failed$/, 'one that fails is told of')
  const webasm = report.probes.find(({ name, works }) => name === 'webasm' && works)
  if (webasm !== undefined) t.equal(webasm.patch?.patched, true, `webasm is patched: ${webasm.patch?.reason}`)
  const offered = new Set(report.climbs.map(({ backend }) => backend))
  t.deepEqual(
    report.probes
      .filter(({ works }) => works)
      .map(({ name }) => name)
      .sort(),
    [...offered].sort(),
    `the probe finds the same backends, and never headlessgl; auto takes ${report.auto}`
  )
  t.end()
})
