import { pino } from 'pino'
import { expect, test } from 'vitest'
import { exposition } from '../../src/monitor/samples.ts'
import { openUnread } from '../../src/monitor/unread.ts'

test('lines that nobody understood are counted by listing; the first of each listing are told, once', () => {
  const said: object[] = []
  const unread = openUnread('network', pino({}, { write: (line: string) => void said.push(JSON.parse(line)) }))
  unread.saw('pfctl -s info', [])
  expect(exposition([unread.family()])).toBe('')
  unread.saw('pfctl -s info', ['a', 'b', 'c', 'd'])
  unread.saw('pfctl -s info', ['e'])
  unread.saw('pfctl -vvs Tables', ['f'])
  expect(exposition([unread.family()])).toContain(
    'slipway_network_unread_lines_total{listing="pfctl -s info"} 5\n' +
      'slipway_network_unread_lines_total{listing="pfctl -vvs Tables"} 1\n',
  )
  expect(said).toMatchObject([
    { listing: 'pfctl -s info', lines: ['a', 'b', 'c'] },
    { listing: 'pfctl -vvs Tables', lines: ['f'] },
  ])
})
