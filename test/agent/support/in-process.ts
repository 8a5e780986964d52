import { join } from 'node:path'
import { runAgent } from '../../../src/agent/agent.ts'
import type { TestHost } from './test-host.ts'

/** An agent that runs in the test's own process, as one that was started by hand: it belongs to no release. */
export function runHere(host: TestHost): { ended: Promise<number>; stop(): Promise<number> } {
  const controller = new AbortController()
  const ended = runAgent({
    root: host.root,
    programFolder: join(import.meta.dirname, '../../../src/agent'),
    signal: controller.signal,
  })
  // Whoever waits for the end sees the error; until then it is nobody's.
  ended.catch(() => {})
  return {
    ended,
    stop() {
      controller.abort(new Error('the test stops the agent'))
      return ended
    },
  }
}
