import { Type } from 'typebox'
import { check } from '../../contract/check.ts'
import { parseJson } from '../../contract/parse.ts'

/** What has gone one way over an interface. */
export interface Counters {
  bytes: number
  packets: number
  errors: number
  /** Undefined where it is not told. */
  drops: number | undefined
}

/** An interface of the host, as the host sees it. */
export interface InterfaceCounters {
  name: string
  received: Counters
  sent: Counters
}

const Document = Type.Object({ statistics: Type.Object({ interface: Type.Array(Type.Unknown()) }) })
const Row = Type.Object({ name: Type.String(), network: Type.String() })
const Count = Type.Integer({ minimum: 0 })
const LinkRow = Type.Object({
  name: Type.String(),
  'received-packets': Count,
  'received-errors': Count,
  'dropped-packets': Count,
  'received-bytes': Count,
  'sent-packets': Count,
  'send-errors': Count,
  'sent-bytes': Count,
  'drops-sent': Type.Optional(Count),
})

/**
 * Reads `netstat --libxo json -i -b -n -d -W`: of the rows of an interface the one of its link; the others are about its addresses.
 * `-d` writes the key `dropped-packets` twice into one object, of what came in and then of what went out, and JSON.parse would keep the second.
 * @throws AppError command-failed when the text is not its form
 */
export function readInterfaces(text: string): { interfaces: InterfaceCounters[]; unread: string[] } {
  const told = text.replaceAll(/("dropped-packets":[^{}]*)"dropped-packets":/g, '$1"drops-sent":')
  const { statistics } = parseJson(Document, told, 'the output of netstat -i', 'command-failed')
  const interfaces: InterfaceCounters[] = []
  const unread: string[] = []
  for (const row of statistics.interface) {
    if (check(Row, row) && !row.network.startsWith('<Link#')) continue
    if (!check(LinkRow, row)) unread.push(JSON.stringify(row))
    else
      interfaces.push({
        name: row.name,
        received: {
          bytes: row['received-bytes'],
          packets: row['received-packets'],
          errors: row['received-errors'],
          drops: row['dropped-packets'],
        },
        sent: {
          bytes: row['sent-bytes'],
          packets: row['sent-packets'],
          errors: row['send-errors'],
          drops: row['drops-sent'],
        },
      })
  }
  return { interfaces, unread }
}
