/** Whether this machine may have a graphics processor, found out without loading anything. */

/** The device files by which programs on Linux reach one: those of its drivers, of NVIDIA's, of WSL, of Arm's and Qualcomm's. */
const deviceFiles = ['/dev/dri/renderD128', '/dev/nvidiactl', '/dev/dxg', '/dev/mali0', '/dev/kgsl-3d0']

/**
 * False where a search for one is sure to fail: in a page without WebGPU, and on Linux without any driver's device file. No
 * answer is given for the other systems, which nearly always have one.
 */
export const mayHaveGraphics = (): boolean => {
  if (typeof process === 'undefined' || process.versions?.node === undefined) {
    return 'navigator' in globalThis && 'gpu' in globalThis.navigator
  }
  if (process.platform !== 'linux') return true
  // Not imported: a bundler for pages would look for the module.
  const files = process.getBuiltinModule?.('node:fs')
  return files === undefined || deviceFiles.some((file) => files.existsSync(file))
}
