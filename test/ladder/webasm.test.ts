import { climbAll } from './climb-all'

climbAll('webasm')
