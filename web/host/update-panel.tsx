import type { HostReport } from '../../src/contract/report.ts'
import type { UpdateOutcome } from '../../src/contract/update.ts'
import { Ago } from '../shared/ago.tsx'
import { Command } from '../shared/copy.tsx'
import { Icon } from '../shared/icon.tsx'
import type { IconName } from '../shared/icon-shapes.ts'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import { FailureText } from './failure-text.tsx'
import classes from './update-panel.module.css'
import { type StepPhase, updateSteps } from './update-steps.ts'
import { outcomes, updateStates } from './words.ts'

/** Where the update machine of a host stands, step by step, and what became of its last update. */
export function UpdatePanel({ report }: { report: HostReport }) {
  const { state, stateSince, failure, lastUpdate, rejected } = report
  // A failure that made the host reject something stands with the rejection, and not twice.
  const toldBelow = rejected.some((rejection) => rejection.failure.at === lastUpdate?.failure?.at)
  const steps = updateSteps(state, failure?.state)
  return (
    <Panel
      title="Update"
      aside={
        <>
          {state}, since <Ago at={stateSince} />
        </>
      }
    >
      <div className={classes.parts}>
        {steps.length > 0 && (
          <ol className={classes.steps} aria-label="Steps of the update under way">
            {steps.map(({ state: step, phase }) => (
              <li key={step} data-step={step} data-phase={phase} aria-current={phase === 'now' ? 'step' : undefined}>
                <span className={classes.dot}>{phaseIcons[phase] && <Icon name={phaseIcons[phase]} size={11} />}</span>
                {step}
                <span className={classes.spoken}>: {phaseWords[phase]}</span>
              </li>
            ))}
          </ol>
        )}
        <p>{updateStates[state]}.</p>
        {failure && <FailureText failure={failure} />}
        {state === 'stuck' && (
          <div className={classes.soft}>
            When the cause is gone, run on the host as root:
            <Command>slipway host release</Command>
          </div>
        )}
        {lastUpdate ? (
          <LastUpdate outcome={lastUpdate} toldBelow={toldBelow} />
        ) : (
          <p className={classes.soft}>No update has ended yet.</p>
        )}
      </div>
    </Panel>
  )
}

const phaseIcons: { readonly [P in StepPhase]: IconName | undefined } = {
  done: 'tick',
  now: undefined,
  failed: 'cross',
  ahead: undefined,
}

const phaseWords: { readonly [P in StepPhase]: string } = {
  done: 'done',
  now: 'under way',
  failed: 'failed',
  ahead: 'to come',
}

function LastUpdate({ outcome, toldBelow }: { outcome: UpdateOutcome; toldBelow: boolean }) {
  const { result, failure, at, set } = outcome
  const { label, tone, icon, meaning } = outcomes[result]
  return (
    <div className={classes.last}>
      <p>
        <span className={classes.soft}>Last update</span>
        <Mark tone={tone} icon={icon} title={meaning}>
          {label}
        </Mark>
        <Ago at={at} />
      </p>
      <p className={classes.soft}>
        {set.components.map(({ name, version }) => (
          <code key={name}>
            {name}@{version}
          </code>
        ))}
      </p>
      {failure && !toldBelow && <FailureText failure={failure} />}
    </div>
  )
}
