/** Read before a program: the tenth call of a training step ends its thread. */
import { watchThreads } from './threads'

watchThreads({ onCall: ({ worker, calls }) => void (calls === 10 && worker.terminate()) })
