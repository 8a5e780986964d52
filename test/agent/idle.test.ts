import { expect, test } from 'vitest'
import { openNotice } from '../../src/agent/notice.ts'
import { agentPaths } from '../../src/agent/paths.ts'
import { type IdleParts, idleStep } from '../../src/agent/steps/idle.ts'
import type { ReleaseSet } from '../../src/contract/release-set.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openLog } from '../../src/platform/log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const setOf = (digit: string): ReleaseSet => ({ digest: `sha256:${digit.repeat(64)}`, components: [] })

test('a document that comes while the one before is looked at is not missed', async () => {
  const changes = openNotice(systemClock)
  const document = (generation: number, releaseSet: ReleaseSet) => ({
    host: '0123456789abcdef',
    generation,
    releaseSet,
    instances: [],
    network: {},
    operations: [],
  })
  let desired = document(1, setOf('1'))
  const parts = {
    paths: agentPaths(await temporaryFolder()),
    program: { isCurrent: async () => true },
    store: { linked: async () => setOf('0') },
    desired: { current: () => desired },
    changes,
    // What was there before is refused here, so that its daemons' files are all that there is to do.
    rejections: {
      against: ({ digest }: ReleaseSet) => (digest === setOf('1').digest ? { reason: 'refused' } : undefined),
    },
    lastUpdate: () => undefined,
    async write() {
      if (desired.generation === 2) return
      desired = document(2, setOf('2'))
      changes.give()
    },
    reserve: async () => {},
    firstPauseMs: 1000,
    clock: systemClock,
  } as unknown as IdleParts
  const update = { log: openLog('agent', 'silent'), signal: AbortSignal.timeout(5000), target: undefined }
  expect(await idleStep(parts)(update as never)).toBe('offered')
  expect(update.target).toEqual(setOf('2'))
})
