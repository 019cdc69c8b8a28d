import { climbAll } from './climb-all'

climbAll('wasm')
