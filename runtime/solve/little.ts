/** Work so little that compiling a network for it would take longer than the network. */
import type { Operations } from '../backends/choose'

/** Passes that an answer and its condition take, about. */
export const passesInAll = 10

/** See Note [Little work] in `interpreted.ts`. */
const most = 2 ** 20

/** Whether a network is interpreted for so many operations. They alone decide: the same question has the same answer, bit for bit. */
export const isLittle = (work: Operations): boolean => work !== null && work <= most

/** Why the interpreter was taken. */
export const becauseLittle = 'so little work that compiling would take longer'
