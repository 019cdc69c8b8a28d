/** docs/models.md holds the cards of the shipped checkpoints; ANSATZ_UPDATE_GOLDEN=1 writes it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { render } from '../../runtime/checkpoint/card'
import { read, show } from '../../runtime/checkpoint/checkpoint'
import { updating } from '../golden/golden'
import { root } from './blocks'

const head = `# Shipped models

The cards of the checkpoints in \`checkpoints/\`, as their files hold them. Each was trained by the recipe of its name, and
training it again gives the same bytes ([training](training.md)). The errors are those of the network alone, unrefined and in
float64, on random systems of the family it was trained for; \`npm run ansatz -- evaluate\` measures them anew, in float32 too.
`

test('docs/models.md', async (t) => {
  const names = readdirSync(path.join(root, 'checkpoints'))
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
  const cards: string[] = []
  for (const file of names) {
    const checkpoint = await read(path.join(root, 'checkpoints', file))()
    if (E.isLeft(checkpoint)) return t.fail(show(checkpoint.left))
    const { card, recipe, seed } = checkpoint.right
    const name = file.replace('.safetensors', '')
    if (card === null || recipe === null) return t.fail(`${file} has no card or no recipe`)
    const text = render(name, card).split('\n').slice(1).join('\n')
    cards.push(
      `\n## ${name}\n\n    npm run ansatz -- train ${recipe.name}    (seed ${seed})\n\n\`\`\`text\n${text}\n\`\`\`\n`
    )
  }
  const page = path.join(root, 'docs/models.md')
  const text = [head, ...cards].join('')
  if (updating) writeFileSync(page, text)
  t.equal(existsSync(page) ? readFileSync(page, 'utf8') : '', text, `the cards of ${names.length} checkpoints`)
  t.end()
})
