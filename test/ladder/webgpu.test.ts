import { climbAll } from './climb-all'

climbAll('webgpu')
