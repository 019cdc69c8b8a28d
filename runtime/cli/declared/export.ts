/** What `ansatz export` takes. */
import { type Command, Option } from 'commander'

import { action } from '../action'
import { exits } from '../exit'
import { example, json, whole } from '../options'

export const declareExport = (program: Command): void => {
  program
    .command('export')
    .description('write a model as a program for other software')
    .argument('<model>', 'a model of the zoo, a checkpoint, closed-form-LAYERS-kappa-KAPPA or a spec in JSON')
    .addOption(new Option('--target <target>', 'what it is written for').choices(['jax', 'onnx']).makeOptionMandatory())
    .requiredOption('--out <path>', 'where it goes: a folder for jax, a file for onnx')
    .option('--n <n>', 'onnx: unknowns of a system, where the model fits any number', whole(1, 100000))
    .addOption(
      new Option(
        '--precision <precision>',
        'onnx: what the graph computes in; float64 by default where float32 moves answers'
      ).choices(['float32', 'float64'])
    )
    .option('--recipe <recipe>', 'jax: how the program trains the model, a recipe by name or one in JSON')
    .option(
      '--seed <n>',
      "jax: instead of the recipe's own seed; onnx: of first weights where the model has none",
      whole(0, Number.MAX_SAFE_INTEGER)
    )
    .option('--systems', "jax: write the recipe's own systems too, as train/ and held-out/")
    .option('--force', 'jax: replace files that the folder holds already')
    .addOption(json())
    .addHelpText(
      'after',
      `${example('ansatz export my-spec.json --target jax --recipe my-recipe.json --out program', 'ansatz export my.safetensors --target jax --recipe my-recipe.json --systems --out program', 'ansatz export block-linear-3 --target onnx --n 16 --out block-linear-3.onnx')}
For JAX: train.py, which needs numpy and JAX alone and trains on all devices of all hosts, start.safetensors, where it begins (at
the weights of a checkpoint, where one is given), and recipe.json, by which ansatz train --resume goes on from what it keeps. The
recipe has one stage of Adam on systems of one size. Exits with ${exits.model.code} where it has not.

For ONNX: one file with the weights in float32, which maps A [batch,n,n] and b [batch,n] to x [batch,n], written once its graph has
given what the model gives on random systems. It computes in float64 inside where float32 moves answers. Exits with ${exits.rung.code} where it does not.
`
    )
    .action(action(async () => (await import('../commands/export')).exportModel))
}
