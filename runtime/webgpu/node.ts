/**
 * WebGPU in Node: puts the optional `webgpu` package's implementation where browsers have it, `navigator.gpu`.
 *
 * Order of search: (1) the machine's own Vulkan drivers, or those `VK_DRIVER_FILES` names; (2) if nothing answers, a
 * software rendering is allowed and `VK_DRIVER_FILES` is unset: the SwiftShader that comes with Chromium or Chrome, in
 * the places listed below. See Note [Loader].
 */
import type * as Fs from 'node:fs'

/** Where Debian, Ubuntu, Fedora, Arch and Google put Chromium, whose SwiftShader renders WebGPU in software. */
const chromiumFolders: readonly string[] = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/usr/lib64/chromium',
  '/opt/google/chrome'
]

const driverFolders: readonly string[] = [
  '/etc/vulkan/icd.d',
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/usr/local/etc/vulkan/icd.d'
]

/** RTLD_LAZY, and RTLD_NODELETE of glibc and musl: keep the library when the failed load of an addon closes it. */
const LAZY_AND_KEPT = 0x1001

/** Imports what only Node has, by a name that no bundler sees: a page's bundle contains this file, and never runs it. */
const load = async (name: string): Promise<unknown> => import(name)

interface Implementation {
  readonly requestAdapter: () => Promise<unknown>
}

interface WebGPUPackage {
  readonly create: (flags: string[]) => Implementation
  readonly globals: Readonly<Record<string, unknown>>
}

type Files = Pick<typeof Fs, 'existsSync' | 'readdirSync'>

const anyDriverFile = ({ existsSync, readdirSync }: Files): boolean =>
  driverFolders.some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')))

/** Loads a shared library into the process by name or path; true if it is there afterwards. */
const loadShared = (file: string): boolean => {
  try {
    process.dlopen({ exports: {} }, file, LAZY_AND_KEPT)
    return true
  } catch (cause) {
    return cause instanceof Error && cause.message.includes('did not self-register')
  }
}

const vulkanLoader = ({ existsSync }: Files, folders: readonly string[]): boolean =>
  process.platform !== 'linux' ||
  loadShared('libvulkan.so.1') ||
  folders.map((folder) => `${folder}/libvulkan.so.1`).some((file) => existsSync(file) && loadShared(file))

const rendererIn = (folder: string): string => `${folder}/vk_swiftshader_icd.json`

const folderOf = (file: string): string => file.slice(0, Math.max(file.lastIndexOf('/'), 0))

const loadPackage = async (): Promise<WebGPUPackage | string> => {
  try {
    return (await load('webgpu')) as WebGPUPackage
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : ''
    return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
      ? 'the optional package webgpu is not installed, try npm install webgpu'
      : 'the optional package webgpu does not load on this system'
  }
}

const install = (implementation: Implementation, globals: Readonly<Record<string, unknown>>): void => {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true })
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: implementation, configurable: true })
}

/**
 * Defines `navigator.gpu` if an adapter answers; otherwise the reason why none does, and nothing is defined.
 * With `software` false, only the machine's own drivers are asked.
 */
export const provideWebGPU = async (software: boolean): Promise<string | null> => {
  const files = (await load('node:fs')) as Files
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES']
  const own = process.platform !== 'linux' || named !== undefined || anyDriverFile(files)
  const folders = named !== undefined ? [folderOf(named.split(':')[0] ?? '')] : chromiumFolders
  const renderers = chromiumFolders.filter((folder) => files.existsSync(rendererIn(folder)))
  const fallback = software && named === undefined && process.platform === 'linux'
  if (!own && !(fallback && renderers.length > 0)) {
    return 'no Vulkan driver is installed; a GPU driver, or chromium for its software renderer, provides one'
  }
  if (!vulkanLoader(files, folders)) {
    return 'the Vulkan loader libvulkan.so.1 is missing; a GPU driver, libvulkan1 or chromium provides it'
  }
  const library = await loadPackage()
  if (typeof library === 'string') return library
  const answers = async (): Promise<boolean> => {
    const implementation = library.create([])
    if ((await implementation.requestAdapter()) === null) return false
    install(implementation, library.globals)
    return true
  }
  if (own && (await answers())) return null
  if (fallback) {
    for (const folder of renderers) {
      process.env['VK_DRIVER_FILES'] = rendererIn(folder)
      if (await answers()) return null
      delete process.env['VK_DRIVER_FILES']
    }
  }
  return named !== undefined
    ? `no adapter answers with the Vulkan driver file ${named}`
    : 'no adapter answers; a GPU driver, or chromium for its software renderer, provides one'
}

/*
Note [Loader]
~~~~~~~~~~~~~
The `webgpu` package asks the dynamic linker for `libvulkan.so.1`. Debian's chromium brings that library, but in its own
folder, where the linker does not look, and a running process cannot change where it looks. A library that is already
in the process is found by its name, though; so we load it beforehand. `process.dlopen` does that: it complains that
the library is no Node addon and closes it, which RTLD_NODELETE makes a no-op. We look before we ask, because the
package prints to standard error when it finds neither loader nor driver.
*/
