/**
 * `npm run bench:network`: from what a host is told to what pfctl is given, for a full host: 1,000 ports in 200 security groups of 10 rules. The same
 * document is also written by `JSON.stringify`, for comparison: both go once through all that there is. No peer compiles to PF.
 */
import { loadavg } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { DesiredNetworks } from '../../src/contract/network.ts'
import { type HeldAnchor, type LoadStep, planLoad, rulesDigest } from '../../src/network/pf/load-plan.ts'
import { compileRules } from '../../src/rules/compile/compile.ts'
import type { CompiledRules } from '../../src/rules/compiled.ts'
import type { HostFacts } from '../../src/rules/host-facts.ts'
import { printRule, printRuleset } from '../../src/rules/pf/print.ts'
import { desiredNetworks, type NetworksSpec, type PortSpec, type RuleSpec } from '../support/networks.ts'

const ports = 1000
const groups = 200
const rulesEach = 10
const rounds = 15

const facts: HostFacts = {
  egress: { interface: 'em0', ipv4: '192.0.2.1' },
  filterLocal: false,
  metadata: { address: '169.254.169.254', port: 80 },
}
const say = (line: string) => process.stdout.write(`${line}\n`)

const spec = fullHost()
const desired = desiredNetworks(spec)
const compiled = compileRules(desired, facts)
const text = compiled.anchors.map(printRuleset).join('')
const rules = compiled.anchors.reduce((sum, { filter, translation }) => sum + filter.length + translation.length, 0)

say(`load ${loadavg()[0]?.toFixed(1)}; medians of ${rounds}\n`)
say(
  `${ports} ports, ${groups} groups of ${rulesEach} rules: ${compiled.anchors.length} anchors, ${rules} rules, ${kib(text.length)}`,
)
say(`compile                        ${measure(() => compileRules(desired, facts))}   (target: 200 ms)`)
say(`print                          ${measure(() => compiled.anchors.map(printRuleset))}`)
say(`JSON.stringify of the document ${measure(() => JSON.stringify(desired))}\n`)

const web = 'g0'
const joined = {
  ...spec,
  groups: spec.groups.map((group) => (group.name === web ? { ...group, elsewhere: ['10.0.99.1'] } : group)),
}
const come = { ...spec, ports: [...spec.ports, port(ports)] }
for (const [what, changed] of [
  ['nothing changes', desired],
  ['a member joins on another host', desiredNetworks(joined)],
  ['a port comes', desiredNetworks(come)],
  ['and goes', desired],
] as const)
  benchChange(what, what === 'and goes' ? desiredNetworks(come) : desired, changed)

/** From one document to the next: what is computed, and what pfctl is given. */
function benchChange(what: string, from: DesiredNetworks, to: DesiredNetworks): void {
  const held = heldOf(compileRules(from, facts))
  const steps = planLoad(held, compileRules(to, facts))
  say(`${what}: ${steps.length === 0 ? 'pfctl is given nothing' : ''}`)
  for (const step of steps) say(`  ${stepText(step)}`)
  say(`  compile and compare: ${measure(() => planLoad(held, compileRules(to, facts)))}`)
}

/** PF as it is when all of it was loaded. */
function heldOf({ anchors }: CompiledRules): Map<string, HeldAnchor> {
  return new Map(
    anchors.map((anchor) => [
      anchor.name,
      {
        rules: rulesDigest(anchor),
        translation: anchor.translation.map(printRule),
        tables: new Map(anchor.tables.map(({ name, addresses }) => [name, addresses])),
      },
    ]),
  )
}

function stepText(step: LoadStep): string {
  switch (step.kind) {
    case 'load':
      return `load ${step.anchor}: ${step.text.length} bytes`
    case 'replace':
      return `table ${step.table} of ${step.anchor}: ${step.addresses.join('\n').length} bytes, ${step.addresses.length} addresses`
    case 'clear':
      return `clear ${step.anchor}`
  }
}

function fullHost() {
  const names = Array.from({ length: groups }, (_, number) => `g${number}`)
  return {
    networks: [0, 1, 2, 3].map((number) => ({
      name: `n${number}`,
      ipv4: { range: `10.${number}.0.0/16`, host: `10.${number}.0.1`, snat: true },
      ipv6: { range: `2001:db8:${number + 1}::/64`, host: `2001:db8:${number + 1}::1` },
    })),
    ports: Array.from({ length: ports }, (_, number) => port(number)),
    groups: names.map((name, number) => ({ name, rules: rulesOf(number) })),
    floatingIps: Array.from({ length: 50 }, (_, number) => ({
      name: `f${number}`,
      address: `198.51.100.${number + 1}`,
      fixed: addressOf(number),
    })),
  } satisfies NetworksSpec
}

function port(number: number): PortSpec {
  const network = number % 4
  return {
    name: `i${number}`,
    network: `n${network}`,
    addresses: [addressOf(number), `2001:db8:${network + 1}::1:${number.toString(16)}`],
    groups: [`g${number % groups}`, `g${(number * 7 + 1) % groups}`].filter(
      (name, at, all) => all.indexOf(name) === at,
    ),
  }
}

function addressOf(number: number): string {
  return `10.${number % 4}.${1 + (number >> 8)}.${number & 255}`
}

/** Half of them speak of another group. */
function rulesOf(group: number): RuleSpec[] {
  return Array.from({ length: rulesEach }, (_, number) => ({
    direction: number === 0 ? 'out' : 'in',
    protocol: 'tcp',
    ports: { from: 1000 + number, to: 1000 + number },
    ...(number % 2 === 1 && { remote: { group: `g${(group + number) % groups}` } }),
  }))
}

function measure(work: () => unknown): string {
  const times = Array.from({ length: rounds }, () => {
    const began = performance.now()
    work()
    return performance.now() - began
  }).sort((left, right) => left - right)
  return `${(times[rounds >> 1] ?? 0).toFixed(1).padStart(6)} ms`
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`
}
