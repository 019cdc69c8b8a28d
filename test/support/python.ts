/**
 * Python for tests: the program named by ANSATZ_PYTHON, else python3. ANSATZ_REQUIRE_JAX=1 says that JAX must be there,
 * ANSATZ_REQUIRE_ONNX=1 the same of ONNX Runtime.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { Test } from 'tape'

const program = process.env['ANSATZ_PYTHON'] ?? 'python3'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with what standard error has said so far; `true` ends the process once, as a scheduler does. */
  readonly terminateWhen?: () => boolean
}

/** A Python program on the processor alone, to its end. */
export const python = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const { terminateWhen } = options
    const watch =
      terminateWhen === undefined
        ? undefined
        : setInterval(() => {
            if (!terminateWhen()) return
            clearInterval(watch)
            child.kill('SIGTERM')
          }, 20)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ code, out, err })
    })
  })

/** Why there are no such modules here, or null. */
const absence = (modules: string): string | null => {
  const { status, error, stderr } = spawnSync(program, ['-c', `import ${modules}`], { encoding: 'utf8' })
  if (error !== undefined) return `there is no ${program}`
  return status === 0 ? null : `${program}: ${stderr.trim().split('\n').at(-1)}`
}

/** Runs a test where Python has what it needs; where it has not, the test is skipped, or fails if that is required. */
const withModules =
  (name: string, modules: string, variable: string) =>
  (body: (t: Test) => Promise<void>) =>
  async (t: Test): Promise<void> => {
    const why = absence(modules)
    if (why === null) await body(t)
    else if (process.env[variable] === '1') t.fail(why)
    else t.skip(`no ${name}: ${why}`)
    t.end()
  }

export const withJax = withModules('JAX', 'jax, numpy', 'ANSATZ_REQUIRE_JAX')

export const withOnnx = withModules('ONNX Runtime', 'numpy, onnx, onnxruntime', 'ANSATZ_REQUIRE_ONNX')
