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
  const body = { generation: status.trial.generation }
  // 409: another generation is on trial by now, and its own report is on its way.
  await tell(socketPath, { path: '/confirm', body, accept: [409], signal })
}

/**
 * Lets network try again a generation that it refused.
 * @throws AppError peer-unreachable, peer-refused
 */
export async function clearRefusedNetwork(socketPath: string, signal: AbortSignal): Promise<void> {
  // 404: a network that is too old to refuse anything.
  await tell(socketPath, { path: '/clear-refused', body: {}, accept: [404], signal })
}

interface Told {
  path: string
  body: object
  /** Answers that are no failure either. */
  accept: readonly number[]
  signal: AbortSignal
}

async function tell(socketPath: string, { path, body, accept, signal }: Told): Promise<void> {
  const network = openHttp({ url: 'http://localhost', socketPath })
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await network.send('POST', path, { headers, body: JSON.stringify(body), signal })
    if (response.status >= 300 && !accept.includes(response.status)) throw await refusal(response, `POST ${path}`)
    await response.text()
  } finally {
    await network.close()
  }
}
