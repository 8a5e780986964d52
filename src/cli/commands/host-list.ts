import { createParser } from 'eventsource-parser'
import { Type } from 'typebox'
import { ServerEvent } from '../../contract/event.ts'
import { HostSummary } from '../../contract/host.ts'
import { parseJson } from '../../contract/parse.ts'
import { refusal } from '../../platform/json-http.ts'
import { stopSignal } from '../../platform/program.ts'
import { type Client, withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { ago, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '[--watch]',
  examples: ['slipway host list', 'slipway host list --watch'],
  options: { watch: { describe: 'then print a line for every change, until Ctrl-C' } },
  words: [0, 0],
  async run(invocation) {
    await withClient(async (client) => {
      const hosts = await client.get(Type.Array(HostSummary), '/hosts')
      if (invocation.json) printJson(hosts)
      else
        printTable<HostSummary>(
          {
            HOST: (host) => host.name,
            CHANNEL: (host) => host.channel,
            CONDITION: (host) => host.condition,
            VERSIONS: versions,
            SEEN: (host) => ago(host.lastSeenAt),
            REASON: (host) => host.reason ?? '',
          },
          hosts,
        )
      if (invocation.is('watch'))
        await watch(client, new Map(hosts.map((host) => [host.name, line(host)])), stopSignal())
    })
    return 0
  },
}

function versions(host: HostSummary): string {
  return (
    Object.entries(host.versions)
      .map(([name, version]) => `${name}@${version}`)
      .join(' ') || '-'
  )
}

function line(host: HostSummary): string {
  return `${host.name}  ${host.condition}${host.reason ? ` (${host.reason})` : ''}  ${versions(host)}`
}

/** Follows the server's events; an event says which host changed, its row is read anew. */
async function watch(client: Client, shown: Map<string, string>, signal: AbortSignal): Promise<void> {
  const response = await client.http.send('GET', '/api/v1/events', { signal, bodyTimeoutMs: 60_000 })
  if (response.status !== 200) throw await refusal(response, 'GET /api/v1/events')
  const changed = new Set<string>()
  const parser = createParser({
    onEvent: ({ data }) => {
      const event = parseJson(ServerEvent, data, 'an event of the server', 'peer-refused')
      if (event.kind === 'host') changed.add(event.name)
    },
  })
  try {
    for await (const piece of response.body.setEncoding('utf8')) {
      parser.feed(piece)
      if (changed.size === 0) continue
      for (const host of await client.get(Type.Array(HostSummary), '/hosts')) {
        const text = line(host)
        if (!changed.has(host.name) || shown.get(host.name) === text) continue
        shown.set(host.name, text)
        print(`${new Date().toISOString()}  ${text}`)
      }
      changed.clear()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
