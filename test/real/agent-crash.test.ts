import { agentCrashSuite } from '../suites/agent-crash.ts'

/* All of it; `npm test` runs a sample. It needs nothing but Node, and stands here because it takes minutes of a core. */
agentCrashSuite()
