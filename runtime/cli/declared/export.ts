/** What `ansatz export` takes. */
import { type Command, Option } from 'commander'

import { action } from '../action'
import { exits } from '../exit'
import { example, json, whole } from '../options'

export const declareExport = (program: Command): void => {
  program
    .command('export')
    .description('write a model as a program for other software')
    .argument('<model>', 'a model of the zoo, a checkpoint or a spec in JSON')
    .addOption(new Option('--target <target>', 'what it is written for').choices(['jax']).makeOptionMandatory())
    .requiredOption('--out <path>', 'where it goes: a folder')
    .option('--recipe <recipe>', 'how the program trains the model: a recipe by name, or one in JSON')
    .option('--seed <n>', "instead of the recipe's own seed", whole(0, Number.MAX_SAFE_INTEGER))
    .option('--systems', "write the recipe's own systems too, as train/ and held-out/")
    .addOption(json())
    .addHelpText(
      'after',
      `${example('ansatz export my-spec.json --target jax --recipe my-recipe.json --out program', 'ansatz export my.safetensors --target jax --recipe my-recipe.json --systems --out program')}
For JAX: train.py, which needs numpy and JAX alone and trains on all devices of all hosts, start.safetensors, where it begins (at
the weights of a checkpoint, where one is given), and recipe.json, by which ansatz train --resume goes on from what it keeps. The
recipe has one stage of Adam on systems of one size. Exits with ${exits.model.code} where it has not.
`
    )
    .action(action(async () => (await import('../commands/export')).exportModel))
}
