import { AppError } from '../../contract/errors.ts'
import type { Operation, OperationKind } from '../../contract/operation.ts'
import { takeStep } from '../instance-steps.ts'
import type { Plan, PlanOf, Step, StepContext } from './plan.ts'
import { deleteSnapshot, restore, snapshot } from './snapshots.ts'

/** Beyond the time that a guest has for its shutdown, to be gone or to come up: after a start that was cut off too, which is noticed after three minutes. */
const marginMs = 300_000

const start: PlanOf<'start'> = () => ({
  steps: [
    {
      name: 'forget-ends',
      killed: 'again',
      run: ({ parts, desired }) => takeStep(parts, desired, undefined, { kind: 'forget-ends' }),
    },
  ],
  result: 'it runs',
  settles: { state: 'running', withinMs: marginMs },
})

const stop: PlanOf<'stop'> = ({ arguments: { force } }, { shutdownSeconds }) => ({
  steps: force ? [cutOff] : [],
  result: force ? 'it was cut off' : 'it has stopped',
  settles: { state: 'stopped', withinMs: shutdownSeconds * 1000 + marginMs },
})

const reboot: PlanOf<'reboot'> = ({ arguments: { force } }) =>
  force
    ? { steps: [cutOff, startAgain], result: 'it was cut off and started again' }
    : { steps: [ask, come], result: 'it has rebooted' }

/** Only the domain that was there at the beginning: a later one is what the operation itself, or the guest, has brought about. */
const cutOff: Step = {
  name: 'cut-off',
  killed: 'again',
  async run({ parts: { driver }, desired, domid }) {
    const { guests } = await driver.list()
    if (guests.some((guest) => guest.id === desired.id && guest.domid === domid)) await driver.destroy(desired.id)
  },
}

const startAgain: Step = {
  name: 'start',
  killed: 'again',
  run: ({ parts, desired }) => takeStep(parts, desired, undefined, { kind: 'start' }),
}

const ask: Step = {
  name: 'ask',
  // Asked twice, a guest may reboot twice.
  killed: 'next',
  async run({ parts: { driver }, desired, domid }) {
    if (domid === 0) throw new AppError('conflict', 'it does not run')
    await driver.requestReboot(desired.id)
  },
}

const come: Step = {
  name: 'come-back',
  killed: 'again',
  async run({ parts: { driver, clock }, desired, domid }: StepContext) {
    const seconds = desired.shutdownSeconds + 60
    for (const end = clock.now().getTime() + seconds * 1000; clock.now().getTime() < end; await clock.sleep(1000)) {
      const { guests } = await driver.list()
      if (guests.some((guest) => guest.id === desired.id && guest.domid !== domid && guest.state === 'running')) return
    }
    throw new AppError('command-timeout', `the guest did not reboot within ${seconds} s; it may not listen (use force)`)
  },
}

const plans: { readonly [K in Exclude<OperationKind, 'console'>]: PlanOf<K> } = {
  start,
  stop,
  reboot,
  snapshot,
  restore,
  'delete-snapshot': deleteSnapshot,
}

/** @throws AppError conflict when the operation contradicts what is wanted of the instance */
export function planOf(operation: Operation, desired: StepContext['desired']): Plan {
  const { wanted } = desired
  if (operation.kind === 'console') throw new AppError('input-invalid', 'consoles are not opened by compute')
  if (wanted === 'absent') throw new AppError('conflict', 'the instance is being removed')
  if ((operation.kind === 'start' || operation.kind === 'reboot') && wanted !== 'running')
    throw new AppError('conflict', `the instance is wanted ${wanted}; change that first`)
  if (operation.kind === 'stop' && wanted !== 'stopped')
    throw new AppError('conflict', 'the instance is wanted running, and would only be started again; change that first')
  const plan = plans[operation.kind] as (operation: Operation, desired: StepContext['desired']) => Plan
  return plan(operation, desired)
}
