import { planLines } from '../cloud/plan-text.ts'
import { AppError } from '../contract/errors.ts'
import { AppliedStack, type Plan } from '../contract/plan.ts'
import { awaitStack } from './await-stack.ts'
import type { Client } from './client.ts'
import type { Invocation, Option } from './command.ts'
import { confirm } from './confirm.ts'
import { note, print, printJson } from './print.ts'

/** The options of apply and revert. */
export const carryOutOptions = {
  yes: { describe: 'do not ask before something is interrupted' },
  'no-wait': { describe: 'do not wait until the instances run' },
  timeout: { value: 'SECONDS', describe: 'how long to wait (600)' },
} as const satisfies Record<string, Option>

/** Shows a plan, asks when it interrupts something, has exactly it done, and waits for it. Answers the exit code. */
export async function carryOut(
  client: Client,
  invocation: Invocation,
  plan: Plan,
  request: { path: string; body: object },
): Promise<number> {
  const say = invocation.json ? note : print
  for (const line of planLines(plan)) say(line)
  const refused = plan.actions.filter(({ kind }) => kind === 'refused')
  if (refused.length > 0) throw new AppError('conflict', 'nothing was changed: see what is refused above')
  const interrupted = plan.actions.filter(({ interrupts }) => interrupts).map(({ name }) => name)
  if (interrupted.length > 0 && !invocation.is('yes') && !(await confirm(`interrupt ${interrupted.join(', ')}`))) {
    note('nothing was changed')
    return 1
  }
  const applied = await client.post(AppliedStack, request.path, { ...request.body, plan: plan.digest })
  if (!invocation.is('no-wait')) await awaitStack(client, applied.stack, invocation.number('timeout') ?? 600)
  if (invocation.json) printJson(applied)
  else print(`${applied.stack} is at revision ${applied.revision}`)
  return 0
}
