import { setTimeout as delay } from 'node:timers/promises'
import { CloudInstanceDetail, CloudOperation, hasEnded, type RequestOperation } from '../contract/cloud-instance.ts'
import { type Client, withClient } from './client.ts'
import type { Invocation, Option } from './command.ts'
import { note, print, printJson } from './print.ts'

/** The option of every command that asks a host for something. */
export const operateOptions = {
  'no-wait': { describe: 'do not wait for the result' },
} as const satisfies Record<string, Option>

const pollMs = 300

/** Has an operation done to the instance that the first word names, waits for its result and prints it. Answers the exit code. */
export async function operate(invocation: Invocation, request: RequestOperation): Promise<number> {
  const path = `/instances/${encodeURIComponent(invocation.words[0] ?? '')}`
  return withClient(async (client) => {
    const asked = await client.post(CloudOperation, `${path}/operations`, request)
    const operation = invocation.is('no-wait') ? asked : await result(client, path, asked)
    if (invocation.json) printJson(operation)
    else print(told(operation))
    return hasEnded(operation) && operation.state !== 'done' ? 1 : 0
  })
}

async function result(client: Client, path: string, asked: CloudOperation): Promise<CloudOperation> {
  const { state, reason } = await client.get(CloudInstanceDetail, path)
  if (state === 'unknown') note(`${reason}; the operation waits for it until ${asked.notAfter}`)
  for (;;) {
    const operation = await client.get(CloudOperation, `${path}/operations/${asked.id}`)
    if (hasEnded(operation)) return operation
    await delay(pollMs)
  }
}

function told({ instance, kind, state, result, problem, id }: CloudOperation): string {
  if (state === 'done') return `${instance}: ${result ?? `${kind} done`}`
  if (state === 'failed' || state === 'expired')
    return `${instance}: ${kind} ${state}: ${problem ?? 'no reason was told'}`
  return `${instance}: ${kind} asked for, operation ${id}`
}
