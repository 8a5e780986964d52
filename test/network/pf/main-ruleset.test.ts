import { describe, expect, test } from 'vitest'
import { enforces, faultsOfMain } from '../../../src/network/pf/main-ruleset.ts'

const translation = ['nat-anchor', 'rdr-anchor', 'binat-anchor'].map((kind) => `${kind} "org.openstack/*" all`)
const call = 'anchor "org.openstack/*" all'
const good = { enabled: true, translation, filter: [call, 'pass all no state'], hidesLoopback: false }
const faults = (change: Partial<typeof good>) => faultsOfMain({ ...good, ...change }, 'org.openstack')

describe('P3', () => {
  test('a main ruleset with our four calls is well', () => {
    expect(faults({})).toEqual([])
    expect(enforces(good, 'org.openstack')).toBe(true)
  })

  test.each(translation.map((line) => [line]))('without %s it is not', (line) => {
    expect(faults({ translation: translation.filter((it) => it !== line) })).toEqual([
      expect.stringContaining(`lacks the line ${line.replace(' all', '')}, so our rules have no effect`),
    ])
  })

  test.each([
    ['without the call of filter rules', { filter: ['pass all'] }],
    ['with a call of other anchors', { filter: ['anchor "org.other/*" all'] }],
    ['with a call that asks our rules about some packets alone', { filter: ['anchor "org.openstack/*" on em0 all'] }],
    ['while PF is off', { enabled: false }],
  ])('%s nothing is enforced', (_, change) => {
    expect(faults(change)).toHaveLength(1)
    expect(enforces({ ...good, ...change }, 'org.openstack')).toBe(false)
  })

  test.each([
    ['pass quick all flags S/SA keep state', 1],
    ['pass in quick inet proto tcp from any to any port = 80 flags S/SA keep state', 1],
    ['pass out log quick all flags S/SA keep state', 1],
    ['pass quick on lo0 all flags S/SA keep state', 0],
    ['pass in quick on em0 proto tcp from <admins> to any port = 22 flags S/SA keep state', 0],
    ['block drop in quick from <bad> to any', 0],
    ['pass all flags S/SA keep state', 0],
  ])('"%s" before our call: %i', (rule, count) => {
    expect(faults({ filter: [rule, call] })).toHaveLength(count)
    expect(faults({ filter: [call, rule] })).toEqual([])
  })

  test('a skipped lo0 is told where it hides floating IPs from the host', () => {
    expect(faults({ hidesLoopback: true })).toEqual([expect.stringContaining('instead of "set skip on lo0"')])
  })
})
