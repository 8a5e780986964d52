import type { UpdateOutcome } from '../../contract/update.ts'
import type { Clock } from '../../platform/clock.ts'
import { writeDaemonFiles } from '../daemon-files.ts'
import type { DesiredState } from '../desired-state.ts'
import { AgentRestart, type Step } from '../machine.ts'
import type { Notice } from '../notice.ts'
import { decideOffer } from '../offer.ts'
import type { AgentPaths } from '../paths.ts'
import type { Program } from '../program.ts'
import type { RejectionList } from '../rejections.ts'
import type { ReleaseStore } from '../release-store.ts'
import type { WriteState } from '../state-file.ts'

export interface IdleParts {
  paths: AgentPaths
  program: Program
  store: ReleaseStore
  desired: DesiredState
  /** Given when there may be something to do: a new document, a rejection that was cleared. */
  changes: Notice
  rejections: RejectionList
  lastUpdate(): UpdateOutcome | undefined
  write: WriteState
  reserve(): Promise<void>
  /** The pause after a first failure; it doubles from then on. */
  firstPauseMs: number
  clock: Clock
}

/** Waits for a set to apply; meanwhile the daemons' files follow the desired document. Changes nothing that runs. */
export function idleStep(parts: IdleParts): Step<'idle'> {
  const { paths, program, store, desired, rejections, clock } = parts
  let seen: UpdateOutcome | undefined
  let failures = 0
  let begun = false

  /** How often in a row the set of the last update failed under this agent; what its forerunner saw does not count. */
  function failuresInARow(): number {
    const last = parts.lastUpdate()
    if (last?.at === seen?.at) return failures
    if (last?.result !== 'failed' || !begun) failures = 0
    else failures = last.set.digest === seen?.set.digest ? failures + 1 : 1
    seen = last
    return failures
  }

  return async (update) => {
    if (!(await program.isCurrent())) throw new AgentRestart()
    await parts.reserve()
    failuresInARow()
    begun = true
    let told = ''
    for (;;) {
      const since = parts.changes.count()
      const current = await store.linked('current')
      const document = desired.current()
      const offer = decideOffer({
        desired: document,
        current,
        rejection: document?.releaseSet ? rejections.against(document.releaseSet) : undefined,
        lastUpdate: parts.lastUpdate(),
        failures: failuresInARow(),
        firstPauseMs: parts.firstPauseMs,
        nowMs: clock.now().getTime(),
      })
      if (offer.kind === 'apply') {
        update.target = offer.set
        if (current) update.origin = current
        return 'offered'
      }
      if (document && offer.why !== 'failed') await writeDaemonFiles(paths, document, parts.write)
      if (told !== offer.why) update.log.info({ why: offer.why, set: document?.releaseSet?.digest }, 'nothing to apply')
      told = offer.why
      const leftMs = offer.untilMs === undefined ? undefined : Math.max(0, offer.untilMs - clock.now().getTime())
      await parts.changes.wait(update.signal, leftMs, since)
    }
  }
}
