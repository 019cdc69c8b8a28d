/**
 * The command line. Each command's module is read only when the command runs.
 */
import { Command, CommanderError, Option } from 'commander'

import { version } from '../package/root'
import { action, internal } from './action'
import { declareExport } from './declared/export'
import { declareSample } from './declared/sample'
import { exits } from './exit'
import { backend, codes, example, finite, json, list, positive, stock, unfused, whole } from './options'

/** A reader that went away (`| head -1`) ends the program in silence. */
const onPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

// --- commands --------------------------------------------------------------------------------------------------------

const program = new Command('ansatz')
  .description('Neural solvers for linear systems A x = b: a trained network proposes, float64 arithmetic certifies.')
  .helpCommand(false)
  .showSuggestionAfterError(true)
  .exitOverride()
  .enablePositionalOptions()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'ansatz: ')) })
  .addHelpText(
    'after',
    `${example('ansatz solve A.mtx', 'ansatz print block-linear-3 --phase equations', 'ansatz backends')}${codes}\nansatz COMMAND --help tells more.\nANSATZ_DEBUG=1 shows stack traces of faults, ANSATZ_DEBUG=2 also the steps of a command with their times.\n`
  )

program.option('--version', 'print the version')
program.on('option:version', () => {
  process.stdout.write(`${version()}\n`)
  throw new CommanderError(0, 'commander.version', 'version')
})

program
  .command('solve')
  .description('solve A x = b and certify the answer')
  .argument(
    '<A>',
    'a matrix (.mtx, .npy, .csv, .json), a batch (.npy of [batch, n, n]), a folder, or - for standard input'
  )
  .argument('[b]', 'the right-hand side, or several as columns; without one, b = A * ones')
  .option('--model <name|file>', 'the network; without one, it is chosen by the spectrum of A')
  .option('--tol <eta>', 'the normwise backward error to attain', positive, 1e-12)
  .addOption(backend('auto'))
  .option('--literal', 'run the tokens of the network, whatever that costs')
  .option('--lazy', 'run the polynomial that the network amounts to, whatever that costs')
  .option('--propose-only', "print the network's own answer, unrefined and labelled so")
  .option('--max-n <n>', 'the most unknowns of one system', whole(1, 100000), 5000)
  .option('--out <file>', 'write x as .npy, .mtx, .csv or .json')
  .addOption(json())
  .addHelpText(
    'after',
    `${example('ansatz solve examples/systems/bridge.mtx', 'ansatz solve A.npy b.npy --tol 1e-14 --out x.npy', 'cat A.mtx | ansatz solve - --json')}\nExits with ${exits.done.code} if every answer is certified, ${exits.uncertified.code} if one is not. A folder holds NAME.mtx and perhaps NAME.rhs.mtx.\n`
  )
  .action(action(async () => (await import('./commands/solve')).solve))

const train = program
  .command('train')
  .description('train a model by a recipe; or, as train spectral, for the spectrum of a matrix')
  .argument('<recipe>', 'a recipe by name (ansatz models lists them), or one in JSON')
  .option('--out <file>', 'where the weights go; default NAME.safetensors')
  .option('--resume <file>', 'go on from the checkpoint that an earlier run kept')
  .option(
    '--data <folder>',
    'train stages with Adam on a dataset of their family (ansatz sample), instead of drawing systems'
  )
  .option('--seed <n>', "instead of the recipe's own seed", whole(0, Number.MAX_SAFE_INTEGER))
  .addOption(backend('javascript'))
  .option('--threads <n>', 'threads of the backend wasm that share every batch of stages with Adam', whole(1, 256))
  .option('--every <iterations>', 'iterations between two checkpoints', whole(1, 1e9), 100)
  .option('--plot', 'draw the loss as it falls; where standard error is no terminal, once at the end')
  .option(
    '--report <file>',
    'write a page on the run, as .html: curves, stages, figures; also of one that was interrupted'
  )
  .addOption(json())
  .addHelpText(
    'after',
    `${example('ansatz train block-linear-2 --out my.safetensors', 'ansatz train adam-demo --plot --report adam.html', 'ansatz train block-82 --resume block-82.training.safetensors')}\nA checkpoint to go on from is kept beside FILE as NAME.training.safetensors, and the curves so far as\nNAME.training.jsonl, also when the run is interrupted (exit code ${exits.interrupted.code}); both go when the run ends. The same recipe, seed and backend give the same bytes.\n`
  )
  .action(action(async () => (await import('./commands/train')).train))

// Options after the word spectral are that command's own.
train.enablePositionalOptions()

train
  .command('spectral')
  .description(
    'train a network for the spectrum of a matrix, an interval or given eigenvalues, and say what it guarantees'
  )
  .option('--from <A>', 'a symmetric positive definite matrix, whose spectrum is found')
  .option('--interval <low,high>', 'an interval of eigenvalues', list(positive))
  .option('--eigenvalues <file>', 'all eigenvalues, in any array file (.mtx, .npy, .csv, .json)')
  .addOption(
    new Option(
      '--on <what>',
      'train for every spectrum in the interval, or for these eigenvalues alone; default interval, but eigenvalues where they are given'
    ).choices(['interval', 'eigenvalues'])
  )
  .option(
    '--layers <L>',
    'the depth; without one, the least that leaves a millionth of an error, 8 at most',
    whole(1, 12)
  )
  .option('--closed-form', 'the closed form for the interval, nothing trained')
  .option('--out <file>', 'where the weights go; default NAME.spectral.safetensors')
  .option('--seed <n>', 'of first weights and right-hand sides', whole(0, Number.MAX_SAFE_INTEGER), 1)
  .addOption(json())
  .addHelpText(
    'after',
    `${example('ansatz train spectral --from A.mtx', 'ansatz train spectral --from A.mtx --on eigenvalues --layers 3', 'ansatz train spectral --interval 1,50 --closed-form --layers 4 --out my.safetensors')}
Weights are for matrices scaled as ansatz solve scales them. Exits with ${exits.model.code} where the matrix or its spectrum is out of
reach, ${exits.rung.code} if more is left of an error than is guaranteed.
`
  )
  .action(action(async () => (await import('./commands/train-spectral')).trainSpectralCommand))

declareSample(program)
declareExport(program)

program
  .command('check')
  .description('climb the agreement ladder: interpreter, equations, gradients, kernels')
  .argument(
    '[models...]',
    'models of the zoo, checkpoint files or specs in JSON; without any, the whole zoo and the shipped checkpoints'
  )
  .addOption(backend('auto'))
  .option('--sizes <n,n,..>', 'sizes of the systems', list(whole(1, 64)), [2, 4, 7])
  .option('--batches <k,k,..>', 'numbers of systems at once', list(whole(1, 1000)), [1, 3])
  .option('--seed <n>', 'of weights and systems', whole(0, Number.MAX_SAFE_INTEGER), 1)
  .option('--verbose', 'a line for every size and batch')
  .addOption(stock())
  .addOption(unfused())
  .addOption(json())
  .addHelpText(
    'after',
    example('ansatz check', 'ansatz check block-linear-3 --backend webgpu', 'ansatz check my-spec.json --sizes 3,5')
  )
  .action(action(async () => (await import('./commands/check')).check))

program
  .command('print')
  .description(
    'print a model as the compiler sees it: tree, equations with their VJPs, plan, schedule, kernels; or the cheap form of a trained one'
  )
  .argument('<model>', 'a model of the zoo, a checkpoint or a spec in JSON')
  .addOption(
    new Option('--phase <phase>', 'what to print')
      .choices(['tree', 'equations', 'plan', 'schedule', 'kernels', 'specialised'])
      .default('tree')
  )
  .addOption(
    new Option('--goal <goal>', 'the program whose plan or kernels are printed')
      .choices(['forward', 'vjp', 'gradient', 'step'])
      .default('vjp')
  )
  .addOption(
    new Option('--target <target>', 'what plan, schedule and kernels are made for')
      .choices(['gpujs', 'gpujs-webasm', 'gpujs-webgpu', 'wasm', 'wgsl'])
      .default('gpujs')
  )
  .option('--n <n>', 'unknowns of a system', whole(1, 100000), 9)
  .option('--batch <k>', 'systems at once', whole(1, 1e6), 1000)
  .option('--rhs <k>', 'right-hand sides of each system, where the cheap form is costed', whole(1, 1e6), 1)
  .option('--interval <low,high>', 'eigenvalues on which the cheap form is the network', list(finite))
  .addOption(json())
  .addHelpText(
    'after',
    example(
      'ansatz print block-linear-3',
      'ansatz print block-linear-3 --phase equations',
      'ansatz print transformer-2 --phase schedule --target wasm',
      'ansatz print closed-form-2-kappa-5 --phase specialised --interval 0.3,1.7',
      'ansatz print full-linear-3 --phase kernels --n 16 --goal forward'
    )
  )
  .action(action(async () => (await import('./commands/print')).print))

program
  .command('models')
  .description('list the architectures of the zoo, the shipped checkpoints and the recipes; or show one')
  .argument('[name]', 'a model, checkpoint or recipe to show whole')
  .addOption(json())
  .addHelpText('after', example('ansatz models', 'ansatz models block-linear-3'))
  .action(action(async () => (await import('./commands/models')).models))

program
  .command('backends')
  .description('what computes on this machine, what does not and why')
  .addOption(stock())
  .addOption(unfused())
  .addOption(json())
  .addHelpText('after', example('ansatz backends'))
  .action(action(async () => (await import('./commands/backends')).backends))

program
  .command('evaluate')
  .description('measure the accuracy of a trained network on its family, or of all that ship and the closed forms')
  .argument('[model]', 'a checkpoint by name or file, on the family that it was trained on')
  .addOption(backend('auto'))
  .option('--systems <k>', 'random systems of each size, or of the family', whole(1, 1e6), 1000)
  .option('--sizes <n,n,..>', 'sizes of the systems, where no model is named', list(whole(1, 128)), [2, 9, 16, 32, 64])
  .option('--kappa <kappa>', 'their condition number, where no model is named', positive, 5)
  .option('--seed <n>', 'of the systems', whole(0, Number.MAX_SAFE_INTEGER), 1)
  .addOption(json())
  .addHelpText(
    'after',
    example(
      'ansatz evaluate my.safetensors',
      'ansatz evaluate',
      'ansatz evaluate --systems 100 --sizes 2,9 --backend cpu'
    )
  )
  .action(action(async () => (await import('./commands/evaluate')).evaluate))

program
  .command('guarantee')
  .description('the theorem of a frozen network: by how much it reduces every error; and the theorem put to the test')
  .argument('[model]', 'a checkpoint, closed-form-LAYERS-kappa-KAPPA or a file; without one, all shipped checkpoints')
  .option(
    '--interval <low,high>',
    'the spectra it is stated for; without one, those of the largest condition number the model is for',
    list(positive)
  )
  .option('--systems <k>', 'test it on random and adversarial systems', whole(0, 1e7), 0)
  .option('--seed <n>', 'of the systems', whole(0, Number.MAX_SAFE_INTEGER), 1)
  .addOption(json())
  .addHelpText(
    'after',
    `${example('ansatz guarantee', 'ansatz guarantee block-linear-3 --systems 10000', 'ansatz guarantee closed-form-3-kappa-5 --interval 0.3,1.7')}
Exits with ${exits.rung.code} if a system violates its bound.
`
  )
  .action(action(async () => (await import('./commands/guarantee')).guarantee))

program
  .command('reproduce')
  .description("run a paper's experiments anew and write a report with a verdict on every claim")
  .argument('<report>', 'the report: linear-transformer or algebraformer')
  .option('--only <row,row,..>', 'run these rows and put them into the report that is there', (text) =>
    text.split(',').map((word) => word.trim())
  )
  .addOption(
    new Option(
      '--config <config>',
      'quick: small, in minutes, its verdicts are not findings; reduced: on two cores; full: at the published size'
    ).choices(['quick', 'reduced', 'full'])
  )
  .addOption(new Option('--quick', 'the same as --config quick').conflicts('config'))
  .option('--seed <n>', 'of training and systems', whole(0, Number.MAX_SAFE_INTEGER), 1)
  .option('--out <folder>', "where the report goes; default docs/reports/NAME in the working directory's package")
  .option('--keep <folder>', 'keep trained weights here, and take those that are here instead of training anew')
  .addOption(json())
  .addHelpText(
    'after',
    `${example('ansatz reproduce linear-transformer --quick --out report', 'ansatz reproduce linear-transformer --only figure-3,hybrid', 'ansatz reproduce algebraformer --config reduced --keep weights')}\nWrites README.md, results.json and every plot as SVG and PNG. A claim that is not reproduced is a finding (exit code\n${exits.done.code}); a row that fails is not (exit code ${exits.rung.code}), and stops no other. Plots are drawn by vega, vega-lite, @resvg/resvg-wasm and\ndejavu-fonts-ttf, which are installed with the repository and not with the package. The results of another seed, put\nbeside as seed-N.json, are compared verdict by verdict.\n`
  )
  .action(action(async () => (await import('./commands/reproduce')).reproduce))

// --- the process -----------------------------------------------------------------------------------------------------

process.stdout.on('error', onPipe)
process.stderr.on('error', onPipe)
process.on('uncaughtException', (error) => {
  internal(error)
  process.exit(exits.internal.code)
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exits.done.code : exits.usage.code
  else internal(error)
}
