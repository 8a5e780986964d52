import type { Steps } from './machine.ts'
import type { Notice } from './notice.ts'
import { type CommitParts, commitStep } from './steps/commit.ts'
import { type ConfirmParts, confirmStep } from './steps/confirm.ts'
import { type FetchParts, fetchStep } from './steps/fetch.ts'
import { type IdleParts, idleStep } from './steps/idle.ts'
import { type ProbeParts, probeStep } from './steps/probe.ts'
import { restartingStep } from './steps/restarting.ts'
import { type RollbackParts, rollbackStep } from './steps/rollback.ts'
import { type StageParts, stageStep } from './steps/stage.ts'
import { type StartParts, startStep } from './steps/start.ts'
import { stopStep } from './steps/stop.ts'
import { stuckStep } from './steps/stuck.ts'
import { switchStep } from './steps/switch.ts'
import { verifyStep } from './steps/verify.ts'

export type StepParts = IdleParts &
  FetchParts &
  StageParts &
  StartParts &
  ProbeParts &
  ConfirmParts &
  CommitParts &
  RollbackParts & { released: Notice }

/** The effects of the machine, over the same keys as its table. Each takes only the parts that it names. */
export function openSteps(parts: StepParts): Steps {
  return {
    idle: idleStep(parts),
    fetch: fetchStep(parts),
    verify: verifyStep(parts),
    stage: stageStep(parts),
    stop: stopStep(parts),
    switch: switchStep(parts),
    start: startStep(parts),
    restarting: restartingStep(parts),
    probe: probeStep(parts),
    confirm: confirmStep(parts),
    commit: commitStep(parts),
    rollback: rollbackStep(parts),
    stuck: stuckStep(parts),
  }
}
