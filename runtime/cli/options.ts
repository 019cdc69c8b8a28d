/** What several commands share: how the texts of options are read, and how help is written. */
import { InvalidArgumentError, Option } from 'commander'

import { showExits } from './exit'

const refuse = (expected: string): never => {
  throw new InvalidArgumentError(`Expected ${expected}.`)
}

export const whole =
  (least: number, most: number) =>
  (text: string): number =>
    /^[0-9]{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : refuse(`a whole number from ${least} to ${most}`)

export const positive = (text: string): number => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return value > 0 && Number.isFinite(value) ? value : refuse('a positive number, such as 1e-12')
}

export const finite = (text: string): number => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : refuse('finite numbers, such as 0.3,1.7')
}

export const list =
  (parse: (text: string) => number) =>
  (text: string): readonly number[] =>
    text.split(',').map((word) => parse(word.trim()))

export const json = (): Option => new Option('--json', 'print one JSON value instead of text')

const names = ['wasm', 'cpu', 'webasm', 'webgpu', 'headlessgl', 'wgsl']

export const backend = (first: string): Option =>
  new Option('--backend <name>', `what computes: ${first}, ${names.join(', ')}`)
    .choices([first, ...names])
    .default(first)

export const stock = (): Option =>
  new Option('--stock', "keep gpu.js's generator of WebAssembly as it is, instead of patched")

export const unfused = (): Option => new Option('--unfused', 'keep wasm from multiplying and adding in one instruction')

export const example = (...lines: readonly string[]): string =>
  `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((l) => `  $ ${l}`).join('\n')}\n`

export const codes = `\nExit codes:\n${showExits()}\n`
