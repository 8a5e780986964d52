import { describe, expect, test } from 'vitest'
import { readInfo } from '../../../src/network/pf/info.ts'
import { readLabels } from '../../../src/network/pf/labels.ts'
import { readShownRules, readShownTree } from '../../../src/network/pf/rule-listing.ts'
import { readStates } from '../../../src/network/pf/states.ts'
import { captured } from './transcript.ts'

const fmt = (command: string) => captured('fmt-15.1.txt', command)

describe('P15 labels', () => {
  const one = (label: string, [packetsIn, bytesIn, packetsOut, bytesOut]: number[]) => {
    return { label, packetsIn, bytesIn, packetsOut, bytesOut }
  }

  test('the numbers of each direction behind each label, in the order of the rules', () => {
    expect(readLabels(fmt('pfctl -a org.openstack/net1 -s labels'))).toEqual({
      rows: [one('sg1:port1:icmp', [3, 252, 3, 252]), one('port1-out', [0, 0, 0, 0]), one('port1-drop', [0, 0, 0, 0])],
      unread: [],
    })
  })

  test('the braces of a listing of all anchors are no labels', () => {
    const { rows, unread } = readLabels(fmt('pfctl -a * -s labels'))
    expect(rows.map(({ label }) => label)).toEqual(['sg1:port1:icmp', 'port1-out', 'port1-drop', 'ssh-in', 'def'])
    expect(unread).toEqual([])
  })

  test('a label with blanks and digits keeps them, and several rules may have it', () => {
    const text = 'x y 10.0.0.1:80 0 1 2 3 4 5 6 7 8\nx y 10.0.0.1:80 0 1 1 1 1 1 1 1 1\n'
    expect(readLabels(text).rows).toEqual([
      one('x y 10.0.0.1:80 0', [4, 5, 6, 7]),
      one('x y 10.0.0.1:80 0', [1, 1, 1, 1]),
    ])
  })

  test('a line of another form is told, and is no number', () => {
    expect(readLabels('web 1 2 3\nweb 1 2 3 4 5 6 7 many\n')).toEqual({
      rows: [],
      unread: ['web 1 2 3', 'web 1 2 3 4 5 6 7 many'],
    })
  })
})

describe('P15 info', () => {
  test.each(['pfctl -s info', 'pfctl -v -s info', 'pfctl -vv -s info'])(
    '%s: PF is enabled, names may have blanks',
    (command) => {
      const { info, unread } = readInfo(fmt(command))
      expect(info?.enabled).toBe(true)
      expect(info?.sections.get('State Table')?.get('current entries')).toBe(3)
      expect(info?.sections.get('Counters')?.get('match')).toBe(29)
      expect(info?.sections.get('Counters')?.size).toBe(17)
      expect(info?.sections.get('Limit Counters')?.get('max states per rule')).toBe(
        command.includes('-v') ? 0 : undefined,
      )
      expect(unread).toEqual([])
    },
  )

  test('a PF that was never enabled', () => {
    expect(readInfo(`${'Status: Disabled'.padEnd(44)}${'Debug: Urgent'.padStart(15)}\n\n`).info?.enabled).toBe(false)
  })

  test('a text without a status says nothing', () => {
    expect(readInfo('pfctl: /dev/pf: No such file or directory\n').info).toBeUndefined()
  })
})

describe('P15 states', () => {
  const echo = { protocol: 1, direction: 'out', interface: 'all' }
  test('both ends, what was translated, and the id by which a state is ended', () => {
    expect(readStates(fmt('pfctl -vv -s states'))).toEqual({
      rows: [
        {
          ...echo,
          id: '0dc7026b00000000/f9ae5614',
          source: { address: '10.0.0.12', port: 16384 },
          destination: { address: '10.0.0.11', port: 8 },
          origin: 'tap1',
        },
        {
          ...echo,
          id: '0ec7026b00000000/f9ae5614',
          source: { address: '192.0.2.1', port: 9180 },
          original: { address: '10.0.0.11', port: 16896 },
          destination: { address: '192.0.2.100', port: 8 },
          origin: 'ext0',
        },
        {
          id: '0fc7026b00000000/f9ae5614',
          protocol: 6,
          direction: 'out',
          interface: 'all',
          source: { address: '192.0.2.1', port: 59834 },
          original: { address: '10.0.0.11', port: 49475 },
          destination: { address: '192.0.2.100', port: 9000 },
          origin: 'ext0',
        },
      ],
      unread: [],
    })
  })

  test('what comes in: the destination inside, and what it was outside', () => {
    const text = `all tcp 10.0.0.11:80 (192.0.2.51:80) <- 192.0.2.100:47964       FIN_WAIT_2:FIN_WAIT_2
   [1 + 2] wscale 8  [3 + 4] wscale 8
   age 00:00:04, expires in 00:01:26, 5:3 pkts, 271:164 bytes, anchor 0, rule 3
   id: 0fc7026b00000001 creatorid: f9ae5614 gateway: 0.0.0.0
`
    expect(readStates(text).rows).toEqual([
      {
        id: '0fc7026b00000001/f9ae5614',
        protocol: 6,
        direction: 'in',
        interface: 'all',
        source: { address: '192.0.2.100', port: 47964 },
        destination: { address: '10.0.0.11', port: 80 },
        original: { address: '192.0.2.51', port: 80 },
      },
    ])
  })

  test('IPv6 has its ports in brackets, and if-bound states their interface', () => {
    const text = `tap1 ipv6-icmp 2001:db8::12[246] -> 2001:db8::11[128]       NO_TRAFFIC:NO_TRAFFIC
   age 00:00:10, expires in 00:00:02, 1:0 pkts, 84:0 bytes, anchor 0, rule 0
   id: 0dc7026b00000000 creatorid: 9ae5614
`
    expect(readStates(text).rows).toMatchObject([
      {
        interface: 'tap1',
        protocol: 58,
        source: { address: '2001:db8::12', port: 246 },
        destination: { address: '2001:db8::11', port: 128 },
      },
    ])
  })

  test('a listing that was cut off, or has a line of another form, loses those states alone and tells them', () => {
    const whole = fmt('pfctl -vv -s states')
    const cut = whole.slice(0, whole.indexOf('   id: 0fc7'))
    const { rows, unread } = readStates(`all tcp somewhere\n${cut}`)
    expect(rows.map(({ id }) => id)).toEqual(['0dc7026b00000000/f9ae5614', '0ec7026b00000000/f9ae5614'])
    expect(unread).toEqual(['all tcp somewhere', expect.stringMatching(/^all tcp 192\.0\.2\.1:59834/)])
  })
})

describe('P15 rules', () => {
  test('numbers and counters are not part of a rule, and tables are counted', () => {
    const rules = [
      'pass out quick on tap1 inet proto icmp from <sg1> to 10.0.0.11 keep state label "sg1:port1:icmp"',
      'pass in quick on tap1 inet from 10.0.0.11 to any flags S/SA keep state label "port1-out" ridentifier 42',
      'block drop out quick on tap1 all label "port1-drop"',
    ]
    expect(readShownRules(fmt('pfctl -a org.openstack/net1 -vv -s rules'))).toEqual({
      rules,
      tables: new Map([['sg1', 1]]),
    })
    expect(readShownRules(fmt('pfctl -a org.openstack/net1 -s rules')).rules).toEqual(rules)
  })

  test.each(['pfctl -a * -s rules', 'pfctl -a * -v -s rules'])(
    '%s shows each anchor by its path, and the main ruleset',
    (command) => {
      const { main, anchors } = readShownTree(fmt(command))
      expect(main.rules[0]).toBe('anchor "org.openstack/*" all')
      expect(main.rules).toHaveLength(4)
      expect([...anchors.keys()]).toEqual(['org.openstack/net1'])
      expect(anchors.get('org.openstack/net1')?.rules).toEqual(
        readShownRules(fmt('pfctl -a org.openstack/net1 -s rules')).rules,
      )
    },
  )

  test("the administrator's own anchors, nested ones too, stand beside ours", () => {
    const { main, anchors } = readShownTree(`@0 anchor "jails" all {
@0 pass in quick on lo1 all
anchor "web/*" all {
anchor "a" all {
@0 block drop all
}
}
}
@1 anchor "org.openstack/*" all {
anchor "sg" all {
@0 block drop quick on osport all label "drop:tap"
}
}
@2 pass from <gone:*> to any
`)
    expect(main).toEqual({
      rules: ['anchor "jails" all', 'anchor "org.openstack/*" all', 'pass from <gone> to any'],
      tables: new Map([['gone', undefined]]),
    })
    expect([...anchors]).toMatchObject([
      ['jails', { rules: ['pass in quick on lo1 all', 'anchor "web/*" all'] }],
      ['jails/web/a', { rules: ['block drop all'] }],
      ['org.openstack/sg', { rules: ['block drop quick on osport all label "drop:tap"'] }],
    ])
  })
})
