import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { InstanceId } from '../contract/instance.ts'
import { Id, Timestamp } from '../contract/names.ts'
import type { OperationReport } from '../contract/operation.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { Stream } from '../platform/web-socket.ts'
import type { DesiredState } from './desired-state.ts'
import type { Notice } from './notice.ts'

/** The one operation that the agent carries out itself; the others are a daemon's. */
const OpenConsole = Type.Object({
  id: Id,
  kind: Type.Literal('console'),
  target: InstanceId,
  notAfter: Timestamp,
  arguments: Type.Object({ stream: Id }),
})
type OpenConsole = Static<typeof OpenConsole>

export interface ConsolesOptions {
  desired: Pick<DesiredState, 'current'>
  changes: Notice
  /** Dials a stream of the server. */
  dial(stream: string, signal: AbortSignal): Promise<Stream>
  /** The console of an instance, both ways. */
  open(instance: string, signal: AbortSignal): Promise<Duplex>
  clock: Clock
  log: Log
  onChange(): void
}

export interface Consoles {
  reports(): OperationReport[]
  run(signal: AbortSignal): Promise<void>
}

/** RFC 6455, 7.4.1: the end that opened cannot do what was asked; the reason says why. */
const cannot = 1011

/**
 * Joins the consoles that people ask for to streams of the server, which cannot reach a host by itself. A console that was joined is gone with this
 * process: who looks asks again, so nothing of it is kept on the disk.
 */
export function openConsoles({ desired, changes, dial, open, clock, log, onChange }: ConsolesOptions): Consoles {
  const reports = new Map<string, OperationReport>()

  function note(id: string, state: OperationReport['state'], problem?: string): void {
    const at = clock.now().toISOString()
    reports.set(id, { id, state, at, ...(problem === undefined ? {} : { problem: problem.slice(0, 1000) }) })
    onChange()
  }

  async function join({ id, target, arguments: { stream } }: OpenConsole, signal: AbortSignal): Promise<void> {
    note(id, 'running')
    try {
      const server = await dial(stream, signal)
      const console = await open(target, signal).catch((error) => {
        server.close(cannot, (error as Error).message)
        throw error
      })
      // Whichever side ends first ends the other; that is how every console ends.
      await Promise.race([pipeline(console, server.bytes), pipeline(server.bytes, console)]).catch(() => {})
      console.destroy()
      server.bytes.destroy()
      note(id, 'done')
    } catch (error) {
      log.warn({ err: error, instance: target }, 'a console could not be joined')
      note(id, 'failed', (error as Error).message)
    }
  }

  function look(signal: AbortSignal): void {
    const wanted = (desired.current()?.operations ?? []).filter((row): row is OpenConsole =>
      Value.Check(OpenConsole, row),
    )
    for (const id of reports.keys()) if (!wanted.some((operation) => operation.id === id)) reports.delete(id)
    const now = clock.now().toISOString()
    for (const operation of wanted)
      if (!reports.has(operation.id) && operation.notAfter > now) void join(operation, signal)
  }

  return {
    reports: () => [...reports.values()],
    async run(signal) {
      while (!signal.aborted) {
        look(signal)
        await changes.wait(signal).catch(() => {})
      }
    },
  }
}
