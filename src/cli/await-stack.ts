import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { CloudInstance } from '../contract/cloud-instance.ts'
import { AppError } from '../contract/errors.ts'
import type { Client } from './client.ts'
import { note } from './print.ts'

const pollMs = 500
/** What has failed before may be tried again just now: it counts when it stays so for this long. */
const failedForMs = 15_000

/**
 * Waits until the instances of a stack are as they are wanted, and tells every change on the way.
 * @throws AppError conflict: one has failed, or they are not there in time
 */
export async function awaitStack(client: Client, stack: string, timeoutSeconds: number): Promise<void> {
  const until = Date.now() + timeoutSeconds * 1000
  const told = new Map<string, { text: string; at: number }>()
  for (;;) {
    const instances = await client.get(Type.Array(CloudInstance), `/instances?stack=${stack}`)
    for (const instance of instances) {
      const text = progress(instance)
      if (told.get(instance.id)?.text === text) continue
      note(text)
      told.set(instance.id, { text, at: Date.now() })
    }
    const failed = instances.find(
      ({ id, state, pending }) =>
        !pending && (state === 'failed' || state === 'crashed') && Date.now() - (told.get(id)?.at ?? 0) > failedForMs,
    )
    if (failed) throw new AppError('conflict', progress(failed))
    const open = instances.filter((instance) => !isSettled(instance))
    if (open.length === 0) return
    if (Date.now() > until)
      throw new AppError('conflict', `not all is done after ${timeoutSeconds} s: ${open.map(progress).join('; ')}`)
    await delay(pollMs)
  }
}

function isSettled({ state, wanted, pending }: CloudInstance): boolean {
  if (wanted === 'absent' || pending) return false
  return wanted === 'running' ? state === 'running' : state === 'stopped'
}

function progress({ name, host, state, reason, wanted }: CloudInstance): string {
  const leaving = wanted === 'absent' ? ' (on its way out)' : ''
  return `${name} on ${host}: ${state}${leaving}${reason === undefined ? '' : `, ${reason}`}`
}
