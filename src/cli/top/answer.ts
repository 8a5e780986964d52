import { Type } from 'typebox'
import { CloudInstance } from '../../contract/cloud-instance.ts'
import { Top } from '../../contract/history.ts'
import { requestJson } from '../../platform/json-http.ts'
import type { Client } from '../client.ts'

/** What hosts and instances use, and how the instances are. */
export interface TopAnswer {
  hosts: Top['hosts']
  instances: CloudInstance[]
}

/** Shorter than elsewhere: somebody looks at the screen, and there is a next time. */
const patienceMs = 10_000

/** @throws AppError peer-unreachable | peer-refused; the reason of `signal` once that is aborted */
export async function askTop({ http }: Client, signal: AbortSignal): Promise<TopAnswer> {
  const options = { signal, headersTimeoutMs: patienceMs, bodyTimeoutMs: patienceMs }
  const [{ hosts }, instances] = await Promise.all([
    requestJson(http, Top, 'GET', '/api/v1/top', options),
    requestJson(http, Type.Array(CloudInstance), 'GET', '/api/v1/instances', options),
  ])
  return { hosts, instances }
}
