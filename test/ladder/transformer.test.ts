/** Faults planted in the layers of Transformers and in the functions that they are printed with: a rung catches each. */
import { plantAll } from './plant-all'
import { plantedInTransformers } from './planted-transformer'

plantAll('Transformers', 'transformer-1-causal', 3, plantedInTransformers)
