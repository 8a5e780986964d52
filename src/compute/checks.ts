import { connect } from 'node:net'
import type { DesiredInstance, InstanceCheck } from '../contract/instance.ts'
import { openHttp } from '../platform/http.ts'
import { joinAddress } from '../platform/serve.ts'

/** What a check found last. */
export interface CheckResult {
  healthy: boolean
  message: string
  at: Date
}

export interface Checked {
  id: string
  /** Another domain is another guest: what was found of the one before is forgotten. */
  domid: number
  check: InstanceCheck
  /** Without its prefix length. */
  address: string | undefined
}

/** Asks guests from the host whether they do their work: each at its own pace, none waits for another, and the reconcile loop for none. */
export interface Checks {
  /** Asks just these. */
  follow(targets: readonly Checked[]): void
  result(id: string, domid: number): CheckResult | undefined
  close(): void
}

/** The first address of the first port that has one. */
export function checkedAddress({ ports }: Pick<DesiredInstance, 'ports'>): string | undefined {
  return ports.flatMap(({ addresses }) => addresses)[0]?.split('/')[0]
}

export function openChecks(changed: () => void): Checks {
  const running = new Map<string, { target: Checked; stop: AbortController; result?: CheckResult }>()

  function begin(target: Checked): void {
    const stop = new AbortController()
    const entry: { target: Checked; stop: AbortController; result?: CheckResult } = { target, stop }
    running.set(target.id, entry)
    const { intervalSeconds = 10 } = target.check.kind === 'console' ? {} : target.check
    const once = async () => {
      const problem = await ask(target, stop.signal)
      if (stop.signal.aborted) return
      const before = entry.result
      entry.result = { healthy: problem === undefined, message: problem ?? '', at: new Date() }
      if (before?.healthy !== entry.result.healthy || before.message !== entry.result.message) changed()
      timer = setTimeout(once, intervalSeconds * 1000)
    }
    let timer = setTimeout(once, 0)
    stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  return {
    follow(targets) {
      const wanted = new Map(targets.map((target) => [target.id, target]))
      for (const [id, { target, stop }] of running)
        if (JSON.stringify(wanted.get(id)) !== JSON.stringify(target)) {
          stop.abort()
          running.delete(id)
        }
      for (const target of targets) if (!running.has(target.id)) begin(target)
    },
    result(id, domid) {
      const entry = running.get(id)
      return entry?.target.domid === domid ? entry.result : undefined
    },
    close() {
      for (const { stop } of running.values()) stop.abort()
      running.clear()
    },
  }
}

/** Why a guest is not healthy; undefined when it is. */
export async function ask({ check, address }: Pick<Checked, 'check' | 'address'>, signal: AbortSignal) {
  if (check.kind === 'console') return undefined
  if (address === undefined) return 'its ports have no address to ask'
  const { port, timeoutSeconds = 5 } = check
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)])
  try {
    if (check.kind === 'tcp') return await askTcp(address, port, limit)
    const http = openHttp({ url: `http://${joinAddress(address, port)}` })
    try {
      const response = await http.send('GET', check.path, { signal: limit })
      // Its status says it all; what else it has to say is cut off, which the body calls an error.
      response.body.on('error', () => {}).destroy()
      return response.status < 400 ? undefined : `GET ${check.path} was answered with ${response.status}`
    } finally {
      await http.close()
    }
  } catch (error) {
    return limit.aborted ? `no answer from port ${port} within ${timeoutSeconds} s` : (error as Error).message
  }
}

function askTcp(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('error', (error) => reject(error))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}
