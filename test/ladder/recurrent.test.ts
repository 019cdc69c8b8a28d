/** Faults planted in recurrent layers: a rung catches each. Five tokens are one more than come apart at once. */
import { plantAll } from './plant-all'
import { plantedInGru, plantedInLstm } from './planted-recurrent'

plantAll('LSTMs', 'lstm-1-both', 5, plantedInLstm)
plantAll('GRUs', 'gru-2', 5, plantedInGru)
