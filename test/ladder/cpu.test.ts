import { climbAll } from './climb-all'

climbAll('cpu')
