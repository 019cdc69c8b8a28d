/** Faults planted in equilibration, in entries and in the means of columns: a rung catches each. */
import { plantAll } from './plant-all'
import { plantedInSystems } from './planted-system'

plantAll('layers on systems', 'entries-1', 3, plantedInSystems)
