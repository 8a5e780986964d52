import { agentCrashSuite } from '../suites/agent-crash.ts'

/*
 * A sample, because a case takes seconds of a core: each way to die, on both sides of the switch, in each part of an update, and each
 * of its ends. transitions.test.ts holds where an agent goes on from every state; test/real/agent-crash.test.ts kills one at every
 * point of every state, and is run by .ci/run.
 */
agentCrashSuite([
  'update fetch journal',
  'update stage after',
  'update switch before',
  'update start inside',
  'update commit inside',
  'self-update restarting inside',
  'rollback rollback inside',
  'daemon probe before',
  'stuck stuck before',
])
