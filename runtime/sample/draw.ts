/**
 * Drawing systems from a family.
 */
import type { Family } from '../../spec/family'
import * as Key from '../random/key'
import { drawCollocation } from './collocation'
import { drawGeneral } from './general'
import { drawNewton } from './newton'
import { withNoise } from './noisy'
import type { DrawOptions, Sample } from './sample'
import { drawSpd } from './spd'

/** Draw `batch` systems of n unknowns. System s depends on the key and on s alone: a larger batch begins with the smaller one. */
export const draw = (family: Family, key: Key.Key, options: DrawOptions): Sample => {
  switch (family._tag) {
    case 'spd':
      return drawSpd(family, key, options)
    case 'general':
      return drawGeneral(family, key, options)
    case 'collocation':
      return drawCollocation(family, key, options)
    case 'newton':
      return drawNewton(family, key, options)
    case 'noisy':
      return withNoise(draw(family.of, key, options), family, Key.fold(key, 'disturbed'), options.from)
  }
}
