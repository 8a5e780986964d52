import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { NetworkStatus } from '../contract/network-status.ts'
import type { HostReport } from '../contract/report.ts'
import { openHttp } from '../platform/http.ts'
import { refusal } from '../platform/json-http.ts'
import type { ServerConnection } from './server-connection.ts'

const OnTrial = Type.Required(Type.Pick(NetworkStatus, ['trial']))

export interface NetworkTrialOptions {
  /** Where network listens. */
  socketPath: string
  /** A connection that does not exist yet: one that does lives on in PF's states, whatever the new rules say. */
  connect(): ServerConnection
}

/**
 * Tells network that its new rules did not cut this host off: once the server took a report, made under those rules, through a connection made
 * under them. Does nothing when the report tells of no trial. Safe to repeat.
 * @throws AppError peer-unreachable (the server, or network itself), peer-refused
 */
export async function confirmNetwork(
  report: HostReport,
  { socketPath, connect }: NetworkTrialOptions,
  signal: AbortSignal,
): Promise<void> {
  const status = report.daemons.network
  if (!Value.Check(OnTrial, status)) return
  const fresh = connect()
  try {
    await fresh.report(report, signal)
  } finally {
    await fresh.close()
  }
  const network = openHttp({ url: 'http://localhost', socketPath })
  try {
    const response = await network.send('POST', '/confirm', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ generation: status.trial.generation }),
      signal,
    })
    // Another generation is on trial by now: its own report is on its way.
    if (response.status >= 300 && response.status !== 409) throw await refusal(response, 'POST /confirm')
    await response.text()
  } finally {
    await network.close()
  }
}
