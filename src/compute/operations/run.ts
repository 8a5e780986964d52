import type { DesiredInstance } from '../../contract/instance.ts'
import type { HostParts } from '../instance-steps.ts'
import type { Entry, Journal } from './journal.ts'
import { type Plan, type StepContext, settling, stepAfterKill } from './plan.ts'
import { planOf } from './plans.ts'

/**
 * Runs an operation to its end, or up to where the reconcile loop has to bring about the rest. The journal names each step before it is begun, so a
 * daemon that is killed goes on where `killed` of that step says. Never throws: what goes wrong is the operation's problem.
 */
export async function runOperation(
  parts: HostParts,
  journal: Journal,
  entry: Entry,
  desired: DesiredInstance | undefined,
): Promise<void> {
  const { operation } = entry
  const log = parts.log.child({ operation: operation.id, kind: operation.kind, instance: operation.target })
  const fail = async (problem: string) => {
    await journal.put(entry, { state: 'failed', problem })
    log.warn({ problem }, 'operation failed')
  }
  if (!desired) return fail('this host has no such instance')
  let current = entry
  let plan: Plan | undefined
  let context: StepContext | undefined
  try {
    plan = planOf(operation, desired)
    const from = stepAfterKill(entry, plan.steps)
    const domid = entry.domid ?? (await domidOf(parts, desired.id))
    context = { parts, desired, domid }
    if (from === 'fail')
      throw new Error(`compute was ended in its step "${entry.step}"; it was undone and is not repeated`)
    for (const step of plan.steps.slice(from)) {
      current = await journal.put(current, { state: 'running', step: step.name, domid })
      await step.run(context)
    }
    if (plan.settles) await journal.put(current, { state: 'running', step: settling, domid })
    else {
      await journal.put(current, { state: 'done', result: plan.result })
      log.info({ result: plan.result }, 'operation done')
    }
  } catch (error) {
    const undone = context && plan?.undo ? await undo(plan.undo, context) : ''
    await fail(`${(error as Error).message}${undone}`)
  }
}

async function undo(undo: NonNullable<Plan['undo']>, context: StepContext): Promise<string> {
  try {
    const note = await undo(context)
    return note ? `; ${note}` : ''
  } catch (error) {
    return `; and putting things right failed: ${(error as Error).message}`
  }
}

async function domidOf({ driver }: HostParts, id: string): Promise<number> {
  return (await driver.list()).guests.find((guest) => guest.id === id)?.domid ?? 0
}

/** Ends an operation that waits for a state: when that is reached, when it cannot be, or when it took too long. */
export async function settle(
  journal: Journal,
  entry: Entry,
  desired: DesiredInstance | undefined,
  seen: { state: string; reason?: string },
  now: Date,
): Promise<void> {
  let plan: Plan | undefined
  try {
    plan = desired && planOf(entry.operation, desired)
  } catch (error) {
    await journal.put(entry, { state: 'failed', problem: `overtaken by another change: ${(error as Error).message}` })
    return
  }
  if (!plan?.settles) await journal.put(entry, { state: 'failed', problem: 'this host has no such instance any more' })
  else if (seen.state === plan.settles.state) await journal.put(entry, { state: 'done', result: plan.result })
  else if (seen.state === 'failed' || now.getTime() > Date.parse(entry.at) + plan.settles.withinMs)
    await journal.put(entry, {
      state: 'failed',
      problem: `it is ${seen.state}${seen.reason ? `: ${seen.reason}` : ''}`,
    })
}
