import type { InstanceStatus } from '../contract/compute-status.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import type { CheckResult } from './checks.ts'
import type { GuestDetails } from './driver.ts'

export interface HealthFacts {
  check: DesiredInstance['check']
  result: CheckResult | undefined
  /** Since when the domain runs, and when it was first healthy. */
  runsSince: Date
  healthyAt: Date | undefined
  details: GuestDetails | undefined
  /** Since when a device waits for the host. */
  waitingSince: Date | undefined
}

/** So long may a device take to connect (HOST-FACTS 3), and a guest to do its work for the first time. */
const deviceMs = 10_000
const bootMs = 10 * 60_000

/** How a running guest is, and why it is not well. Without a check nobody knows, unless a device is in trouble. */
export function healthOf(facts: HealthFacts, now: Date): Pick<InstanceStatus, 'health' | 'healthMessage'> {
  const { check, result, runsSince, healthyAt } = facts
  const device = unconnected(facts, now)
  if (check?.kind === 'console' ? healthyAt : result?.healthy) return { health: 'healthy' }
  if (device) return { health: 'unhealthy', healthMessage: device }
  if (!check) return { health: 'unknown' }
  const message =
    check.kind === 'console' ? `${JSON.stringify(check.text)} was not seen on the console` : result?.message
  const told = message ? { healthMessage: message.slice(0, 500) } : {}
  const young = !healthyAt && now.getTime() - runsSince.getTime() < bootMs
  return { health: young ? 'starting' : 'unhealthy', ...told }
}

function unconnected({ details, waitingSince }: HealthFacts, now: Date): string | undefined {
  if (!details || !waitingSince || now.getTime() - waitingSince.getTime() < deviceMs) return undefined
  const disk = details.disks.find(({ connection }) => connection === 'waiting')
  const name = disk?.device ?? details.interfaces.find(({ connection }) => connection === 'waiting')?.name
  return name && `device ${name} not connected`
}
