import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { icmp, tcp } from '../../../src/rules/pf/packet.ts'
import { deniedStates } from '../../../src/rules/trace/denied-states.ts'
import type { StateKey } from '../../../src/rules/trace/state-key.ts'
import { desiredNetworks, type NetworksSpec, type RuleSpec } from '../../support/networks.ts'

const facts: HostFacts = { egress: { interface: 'em0', ipv4: '192.0.2.1' }, filterLocal: false }
const outAny: RuleSpec = { direction: 'out', protocol: 'any' }
const in80: RuleSpec = { direction: 'in', protocol: 'tcp', ports: { from: 80, to: 80 } }
const echo: RuleSpec = { direction: 'in', protocol: 'icmp', icmp: { type: 8 } }

function told(rules: RuleSpec[], more: Partial<NetworksSpec> = {}) {
  return desiredNetworks({
    networks: [{ name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', snat: true } }],
    ports: [
      { name: 'web', network: 'lan', addresses: ['10.0.0.11'], groups: ['web'] },
      { name: 'db', network: 'lan', addresses: ['10.0.0.12'], groups: ['free'] },
    ],
    groups: [
      { name: 'web', rules },
      { name: 'free', rules: [outAny, { direction: 'in', protocol: 'any' }] },
    ],
    floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
    ...more,
  })
}

const at = (address: string, port: number) => ({ address, port })

/** The states of one connection each, as a real PF lists them (PF-FACTS: B2, B8). */
const states = {
  // db -> web:80, on the tap of each
  'out of db': { direction: 'in', source: at('10.0.0.12', 26_556), destination: at('10.0.0.11', 80) },
  'into web': { direction: 'out', source: at('10.0.0.12', 26_556), destination: at('10.0.0.11', 80) },
  // web -> outside, translated as it leaves
  'out of web': { direction: 'in', source: at('10.0.0.11', 21_836), destination: at('198.51.100.9', 81) },
  'web at em0': {
    direction: 'out',
    origin: 'em0',
    source: at('192.0.2.51', 21_836),
    original: at('10.0.0.11', 21_836),
    destination: at('198.51.100.9', 81),
  },
  // outside -> floating IP
  'front at em0': {
    direction: 'in',
    source: at('198.51.100.9', 52_238),
    destination: at('10.0.0.11', 80),
    original: at('192.0.2.51', 80),
  },
  'front into web': { direction: 'out', source: at('198.51.100.9', 52_238), destination: at('10.0.0.11', 80) },
  // db -> floating IP of web, on the bridge
  'hairpin in': {
    direction: 'in',
    interface: 'br-lan',
    source: at('10.0.0.12', 10_796),
    destination: at('10.0.0.11', 80),
    original: at('192.0.2.51', 80),
  },
  'hairpin out': {
    direction: 'out',
    interface: 'br-lan',
    source: at('192.0.2.1', 58_125),
    original: at('10.0.0.12', 10_796),
    destination: at('10.0.0.11', 80),
  },
  'ping web': { direction: 'out', protocol: icmp, source: at('10.0.0.12', 33_536), destination: at('10.0.0.11', 8) },
  'ping web, as before 15': {
    direction: 'out',
    protocol: icmp,
    source: at('10.0.0.12', 33_536),
    destination: at('10.0.0.11', 33_536),
  },
  // the host's own
  'ssh of the host': { direction: 'in', source: at('198.51.100.9', 40_000), destination: at('192.0.2.1', 22) },
} satisfies Record<string, Omit<StateKey, 'id' | 'protocol' | 'interface'> & Partial<StateKey>>

function denied(desired: ReturnType<typeof told>, gone: string[] = []): string[] {
  const keys = Object.entries(states).map(
    ([id, state]): StateKey => ({ id, protocol: tcp, interface: 'all', ...state }),
  )
  return deniedStates(keys, { desired, facts, compiled: compileRules(desired, facts), gone })
}

describe('P4: of the states there are, those are denied that could not begin now', () => {
  test('none, as long as the rules that let them begin are there', () => {
    expect(denied(told([in80, echo, outAny]))).toEqual([])
  })

  test('a rule that lets something in went: what it let in, by every way', () => {
    expect(denied(told([echo, outAny]))).toEqual(['into web', 'front into web', 'hairpin out'])
  })

  test('a rule that lets something out went: what it let out', () => {
    expect(denied(told([in80, echo]))).toEqual(['out of web'])
  })

  test('a rule became narrower: those outside of it, and no others', () => {
    const from = (range: string): RuleSpec => ({ ...in80, remote: { range } })
    expect(denied(told([from('10.0.0.0/24'), echo, outAny]))).toEqual(['front into web', 'hairpin out'])
    expect(denied(told([from('198.51.100.0/24'), echo, outAny]))).toEqual(['into web', 'hairpin out'])
  })

  test('a member left its group: what it had there', () => {
    const left = told([in80, echo, outAny], {
      ports: [
        { name: 'web', network: 'lan', addresses: ['10.0.0.11'] },
        { name: 'db', network: 'lan', addresses: ['10.0.0.12'], groups: ['free'] },
      ],
    })
    expect(denied(left)).toEqual([
      'into web',
      'out of web',
      'front into web',
      'hairpin out',
      'ping web',
      'ping web, as before 15',
    ])
  })

  test('a floating IP went: what was translated by it', () => {
    expect(denied(told([in80, echo, outAny], { floatingIps: [] }))).toEqual([
      'web at em0',
      'front at em0',
      'hairpin in',
      'hairpin out',
    ])
  })

  test('a floating IP moved to another instance: what was translated to the old one', () => {
    const moved = told([in80, echo, outAny], {
      floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.12' }],
    })
    expect(denied(moved)).toEqual(['web at em0', 'front at em0', 'hairpin in', 'hairpin out'])
  })

  test('an address is nobody’s any more: all that it has, and what is not of ours stays', () => {
    const all = told([in80, echo, outAny])
    const without = { ...all, ports: all.ports.slice(0, 1) }
    expect(denied(without, ['10.0.0.12'])).toEqual([
      'out of db',
      'into web',
      'hairpin in',
      'hairpin out',
      'ping web',
      'ping web, as before 15',
    ])
  })
})
