import { Type } from 'typebox'
import type { DesiredInstance } from '../contract/instance.ts'
import { NetworkStatus } from '../contract/network-status.ts'
import { openHttp } from '../platform/http.ts'
import { requestJson } from '../platform/json-http.ts'

const LoadedPorts = Type.Pick(NetworkStatus, ['ports', 'refused'])

/** Whether the ports of instances are guarded yet, as the network daemon of this host says. */
export interface NetworkPorts {
  /** Why instances with such ports may not start yet, a sentence; undefined when they may. Asks anew each time. */
  look(): Promise<(instance: DesiredInstance) => string | undefined>
}

const timeoutMs = 2000

/** @param socketPath where network listens */
export function openNetworkPorts(socketPath: string): NetworkPorts {
  return {
    async look() {
      const http = openHttp({ url: 'http://localhost', socketPath })
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const { ports, refused } = await requestJson(http, LoadedPorts, 'GET', '/status', { signal })
        const loaded = new Set(ports)
        return (instance) => {
          const port = filtered(instance).find(({ id }) => !loaded.has(id))
          if (!port) return undefined
          const why = refused
            ? `: it refused generation ${refused.generation}, and \`slipway host clear-rejected\` lets it try again (${refused.reason})`
            : ''
          return `network has not loaded the rules of its port on ${port.network} yet${why}`
        }
      } catch (error) {
        const text = `network does not answer, and nothing guards its ports yet (service slipway_network start): ${(error as Error).message}`
        return (instance) => (filtered(instance).length > 0 ? text : undefined)
      } finally {
        await http.close()
      }
    },
  }
}

export function filtered({ ports }: DesiredInstance): DesiredInstance['ports'] {
  return ports.filter((port) => port.filtered)
}
