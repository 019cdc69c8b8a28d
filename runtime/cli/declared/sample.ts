/** What `ansatz sample` takes. */
import { type Command, Option } from 'commander'

import { action } from '../action'
import { exits } from '../exit'
import { example, json, whole } from '../options'

export const declareSample = (program: Command): void => {
  program
    .command('sample')
    .description(
      'draw systems of a family with their answers, and write them to a folder as .npy files with a manifest'
    )
    .argument('[family]', 'a family by name (--list shows them), or one in JSON')
    .option('--count <N>', 'systems to draw', whole(1, 1e9))
    .option('--out <folder>', 'where they go')
    .option('--n <n>', 'unknowns of a system; default 16, or the size of a family in JSON', whole(1, 4096))
    .option('--seed <n>', 'of the systems', whole(0, Number.MAX_SAFE_INTEGER), 1)
    .addOption(
      new Option('--dtype <dtype>', 'how A, b and x are stored').choices(['float64', 'float32']).default('float64')
    )
    .option('--force', 'replace a dataset, or what is left of one, in the folder')
    .option('--list', 'list the families')
    .option('--verify <folder>', 'compare every byte of a dataset with the checksums of its manifest')
    .option('--plot <file>', 'draw K, f and u of the first four systems of a boundary value problem, as .svg or .png')
    .addOption(json())
    .addHelpText(
      'after',
      `${example('ansatz sample --list', 'ansatz sample diffusion --count 2000 --n 32 --out data', 'ansatz sample my-family.json --count 100 --out mine --dtype float32', 'ansatz sample --verify data', 'ansatz sample diffusion --n 64 --plot diffusion.svg')}
Writes A.npy [N, n, n], b.npy and x.npy [N, n], coefficients.npy and, last, manifest.json: a folder without it is no dataset.
The same family, n, seed and dtype give the same bytes, and a larger N begins with the smaller. Exits with ${exits.input.code} where the
folder cannot be written, holds a dataset already or one that is damaged, ${exits.interrupted.code} if interrupted: then nothing is kept.
`
    )
    .action(action(async () => (await import('../commands/sample')).sample))
}
