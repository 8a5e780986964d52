import { describe, expect, test } from 'vitest'
import { defaultFilter, groupsFilter, type LaboratoryOptions, laboratory } from './laboratory.ts'
import { type Attempt, attempts, rulesOf, section } from './transcript.ts'

/* Rules on the taps of instances: what they see of bridged and routed packets (e6, e7), and groups of interfaces (e13, A). */

function outcomes(options: LaboratoryOptions, tried: readonly Attempt[]): string[] {
  const { outcome } = laboratory(options)
  return tried.map((attempt) => `${attempt.line.split(/PASS|block/)[0]}${outcome(attempt)}`)
}

const asTried = (tried: readonly Attempt[]) =>
  tried.map((attempt) => `${attempt.line.split(/PASS|block/)[0]}${attempt.outcome}`)

const main = 'anchor "org.openstack/*"\npass all no state\n'
const onTap = rulesOf('port-on-tap.conf')
const onBoth = rulesOf('port-on-tap-and-bridge.conf')
const bound = onBoth.replaceAll('keep state', 'keep state (if-bound)')

const rows = [
  {
    name: 'a port on its tap',
    file: 'e6-bridge-15.1.txt',
    from: '== pfil_member=1 pfil_bridge=0',
    rules: onTap,
    filter: { ...defaultFilter },
  },
  {
    name: 'a port on its tap, bridges seen too',
    file: 'e6-bridge-15.1.txt',
    from: '== pfil_member=1 pfil_bridge=1',
    rules: onTap,
    filter: { ...defaultFilter, bridge: true },
  },
  {
    name: 'a port on its tap, only bridges seen',
    file: 'e6-bridge-15.1.txt',
    from: '== pfil_member=0 pfil_bridge=1',
    rules: onTap,
    filter: { ...defaultFilter, member: false, bridge: true },
  },
  {
    name: 'a port on its tap, nothing seen',
    file: 'e6-bridge-15.1.txt',
    from: '== pfil_member=0 pfil_bridge=0',
    rules: onTap,
    filter: { ...defaultFilter, member: false },
  },
  {
    name: 'states of one interface',
    file: 'e6-bridge-15.1.txt',
    from: "== if-bound in the anchor's rules",
    rules: onTap.replaceAll('keep state', 'keep state (if-bound)'),
    filter: { ...defaultFilter },
  },
  {
    name: 'tap and bridge, states of one interface',
    file: 'e7-bridge-where-15.1.txt',
    from: '== full SG rules',
    rules: bound,
    filter: groupsFilter,
  },
  {
    name: 'tap and bridge, floating states',
    file: 'e7-bridge-where-15.1.txt',
    from: '== same, floating states',
    rules: onBoth,
    filter: groupsFilter,
  },
  {
    name: 'tap and bridge without local_phys',
    file: 'e7-bridge-where-15.1.txt',
    from: '== same, floating states, pfil_local_phys=0',
    rules: onBoth,
    filter: defaultFilter,
  },
  {
    name: 'tap and bridge, floating states',
    file: 'e7-13.2.txt',
    from: '== same, floating states',
    rules: onBoth,
    filter: groupsFilter,
  },
]

describe('rules on the tap of vm1', () => {
  for (const { name, file, from, rules, filter } of rows)
    test(`${name}, as in ${file}`, () => {
      const part = section(file, from, 'RC=0')
      const tried = attempts(
        part.slice(
          0,
          part.findIndex((line) => line.startsWith('==')),
        ),
      )
      expect(tried.length).toBeGreaterThan(5)
      const options = { main, anchors: { 'org.openstack/p1': rules }, bridgeFilter: filter }
      // `vm2 ->10.0.0.11    ping 100.0% packet loss` is the seventh line of e6 and no attempt of ours.
      expect(outcomes({ ...options, release: file.includes('13.2') ? 14 : 15 }, tried)).toEqual(asTried(tried))
    })
})

describe.each(['e13-15.1.txt', 'e13-13.2.txt'])('interfaces by their groups, as in %s', (file) => {
  const group = 'p0a1b2c3d4ex'
  const rule = `block drop in quick on ${group} inet from ! 10.0.0.11 label "p1:spoof"`
  const options: LaboratoryOptions = {
    release: file.includes('13.2') ? 14 : 15,
    main,
    anchors: { 'org.openstack/p1': rule },
    bridgeFilter: groupsFilter,
    pretender: 'vm1',
  }
  const part = (from: string, to: string) => attempts(section(file, from, to))

  test('a rule on a group that is not there matches nothing (A1)', () => {
    const tried = part('== A1', '== A2')
    expect(tried).toHaveLength(1)
    expect(outcomes(options, tried)).toEqual(asTried(tried))
  })

  test('an interface in the group is bound to its address (A2)', () => {
    const tried = part('== A2', '== A3')
    expect(tried).toHaveLength(6)
    expect(outcomes({ ...options, groups: { tap1: ['epair', group] } }, tried)).toEqual(asTried(tried))
  })

  test('another interface takes the place of one that is gone, without a reload (A4, A5)', () => {
    const [window, ...later] = part('== A4', '== A5')
    if (!window) throw new Error('A4 begins with the window before the group is set')
    const { host, outcome } = laboratory({ ...options, tap1: 'tap9' })
    expect(outcome(window)).toBe(window.outcome)
    host.pf.setGroups('tap9', ['epair', group])
    expect(later).toHaveLength(3)
    expect(later.map(outcome)).toEqual(later.map((attempt) => attempt.outcome))
    const renamed = part('== A5', '== A6')
    expect(outcomes({ ...options, tap1: 'tap7', groups: { tap7: ['epair', group] } }, renamed)).toEqual(
      asTried(renamed),
    )
  })

  test('a main ruleset that knows only members of a group stops the others (A7)', () => {
    const tried = part('== A7', 'RC=0')
    expect(tried).toHaveLength(5)
    const [open, ...closed] = tried
    const failClosed = `anchor "org.openstack/*"
      pass all no state
      block drop in on epair inet from 10.0.0.0/24 label "ungrouped"
      pass in on osportx all no state`
    const tap2 = ['epair', 'osportx']
    expect(open && outcomes({ ...options, groups: { tap1: ['epair'], tap2 } }, [open])).toEqual(open && asTried([open]))
    const { host, outcome } = laboratory({ ...options, main: failClosed, groups: { tap1: ['epair'], tap2 } })
    expect(closed.slice(0, 2).map(outcome)).toEqual(['block', 'block'])
    host.pf.setGroups('tap1', ['epair', 'osportx', group])
    expect(closed.slice(2).map(outcome)).toEqual(closed.slice(2).map((attempt) => attempt.outcome))
  })
})
