import { climbAll } from './climb-all'

climbAll('wgsl')
