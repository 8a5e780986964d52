import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readStack } from '../../src/cloud/stack-text.ts'

/** What is said of a stack, without the headline. */
function faults(text: string): string[] {
  try {
    readStack(text)
  } catch (error) {
    return (error as Error).message.split('\n  ').slice(1)
  }
  return []
}

const instance = (lines: string) => `name: s
instances:
  - name: web
    image: {name: debian, version: 1.0.0}
    vcpus: 1
    memory: 1GiB
    disk: 4GiB
    ${lines}
`

test('a whole stack is read', () => {
  const stack = readStack(`# a comment
name: shop
networks:
  - {name: lan, bridge: bridge0, ipv4: {range: 192.0.2.0/24, gateway: 192.0.2.1, pool: {from: 192.0.2.10, to: 192.0.2.99}, dns: [192.0.2.1]}, ipv6: {range: "2001:db8::/64"}}
flavors:
  - {name: small, vcpus: 1, memory: 512MiB, disk: 4GiB}
instances:
  - name: front
    count: 2
    flavor: small
    image: {name: debian, channel: stable}
    networks: [lan]
    userData: |
      #cloud-config
      packages: [nginx]
    placement: {labels: {zone: a}, antiAffinity: [front]}
    check: {kind: http, port: 80, path: /healthz, intervalSeconds: 5}
  - name: back
    flavor: small
    memory: 2GiB
    type: pvh
    boot: {kernel: linux}
    image: {empty: true}
    networks: [{network: lan, address: 192.0.2.50}]
    volumes: [{volume: data}]
    placement: {affinity: [front-0]}
volumes:
  - {name: data, size: 20GiB}
`)
  expect(stack.instances?.[0]?.userData).toBe('#cloud-config\npackages: [nginx]\n')
  expect(stack.volumes).toEqual([{ name: 'data', size: '20GiB' }])
})

test('the stack that the README shows is one', async () => {
  const blocks = (await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')).matchAll(/```yaml\n(.*?)```/gs)
  const stack = [...blocks].map(([, text = '']) => text).find((text) => text.includes('instances:'))
  expect(readStack(stack ?? '').name).toBe('shop')
})

test.each<[fact: string, text: string, said: string[]]>([
  [
    'a key of two lines',
    instance('sshKeys: ["ssh-ed25519 A\\nssh-rsa B"]'),
    [
      'line 8, instances[0].sshKeys[0]: must be a public key in one line of ASCII: type, key, comment (it is "ssh-ed25519 A\\nssh-rsa B")',
    ],
  ],
  [
    'an unknown key is told with the known one that is nearest',
    instance('memroy: 2GiB'),
    ['line 8, instances[0].memroy: is not a known key; did you mean memory?'],
  ],
  [
    'an unknown key that is near none is told with all',
    'name: s\nfoo: 1\n',
    [
      'line 2, foo: is not a known key; known are name, networks, securityGroups, floatingIps, portForwards, flavors, instances, volumes',
    ],
  ],
  ['a missing name', 'instances: []\n', ['line 1, name: is missing']],
  [
    'a size that is none',
    'name: s\nvolumes:\n  - {name: a, size: 20 GB}\n',
    ['line 3, volumes[0].size: must be a size such as 512MiB or 20GiB (it is "20 GB")'],
  ],
  [
    'a word of a closed list',
    instance('restart: sometimes'),
    ['line 8, instances[0].restart: must be one of always, on-failure, never (it is "sometimes")'],
  ],
  [
    'a name with capitals',
    'name: Shop\n',
    ['line 1, name: must be lower-case letters, digits and dashes, and begin with a letter (it is "Shop")'],
  ],
  ['a list that is a word', 'name: s\nvolumes: data\n', ['line 2, volumes: must be array (it is "data")']],
  ['nothing at all', '', ['line 1, the stack: must be object (it is null)']],
  [
    'text that is no YAML',
    'name: s\n  x: [1\n',
    [
      'line 1: Implicit keys need to be on a single line',
      'line 1: Nested mappings are not allowed in compact mappings',
      'line 3: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ],
  ['a key that stands twice', 'name: s\nname: t\n', ['line 2: Map keys must be unique']],
  [
    'a port without its network',
    instance('networks: [{netwrk: lan}]'),
    [
      'line 8, instances[0].networks[0].network: is missing',
      'line 8, instances[0].networks[0].netwrk: is not a known key; did you mean network?',
    ],
  ],
  [
    'a label that is a number',
    instance('labels: {metrics.port: 9100}'),
    ['line 8, instances[0].labels.metrics.port: must be text: put it in quotes (it is 9100)'],
  ],
  [
    'a label with a space, and one with a bad name',
    instance('labels: {team: "a b", Team: x}'),
    [
      'line 8, instances[0].labels.team: may have letters, digits and _ . / : - only (it is "a b")',
      'line 8, instances[0].labels.Team: is no name of a label: a lower-case letter, then lower-case letters, digits, dots, dashes and underscores',
    ],
  ],
  [
    'a port that is a number',
    instance('networks: [7]'),
    ['line 8, instances[0].networks[0]: must be string (it is 7)'],
  ],
])('%s', (_fact, text, said) => {
  expect(faults(text).sort()).toEqual(said.sort())
})

describe('what belongs together', () => {
  test.each<[fact: string, text: string, said: string]>([
    [
      'a port of metrics that is none',
      instance('labels: {metrics.port: "99999"}'),
      'line 8, instances[0].labels.metrics.port: 99999 is no port: it is a number from 1 to 65535',
    ],
    [
      'a path of metrics without a port',
      instance('labels: {metrics.path: /metrics}'),
      'line 8, instances[0].labels.metrics.path: means nothing without metrics.port',
    ],
    [
      'a network that is not declared',
      `${instance('networks: [lna]')}networks: [{name: lan, bridge: bridge0}]\n`,
      'line 8, instances[0].networks[0]: there is no network lna in this stack; did you mean lan?',
    ],
    [
      'a size from nowhere',
      'name: s\ninstances:\n  - {name: a, image: {empty: true}, vcpus: 1, memory: 1GiB}\n',
      'line 3, instances[0].disk: is missing; say it here, or name a flavor',
    ],
    [
      'an image without which',
      instance('').replace(', version: 1.0.0', ''),
      'line 4, instances[0].image: say which debian: by version, or by channel',
    ],
    [
      'an image and a snapshot',
      instance('').replace('version: 1.0.0', 'version: 1.0.0, empty: true'),
      'line 4, instances[0].image: say one of: name, with version or channel; snapshotOf; empty: true',
    ],
    [
      'a pv guest without a kernel',
      instance('type: pv'),
      'line 3, instances[0].boot: a pv guest starts from a kernel of the host: say boot: {kernel: NAME}',
    ],
    [
      'a tcp check with a path',
      instance('check: {kind: tcp, port: 1, path: /x}'),
      'line 8, instances[0].check.path: means nothing for a tcp check',
    ],
    [
      'an http check without a path',
      instance('check: {kind: http, port: 1}'),
      'line 8, instances[0].check.path: is missing for a http check',
    ],
    [
      'a name that a count makes',
      instance('count: 2\n  - {name: web-1, image: {empty: true}, vcpus: 1, memory: 1GiB, disk: 1GiB}'),
      'line 9, instances[1].name: web-1 is one of the instances that web stands for',
    ],
    [
      'a name that is taken',
      'name: s\nvolumes: [{name: a, size: 1GiB}, {name: a, size: 1GiB}]\n',
      'line 2, volumes[1].name: a is taken by another of the volumes',
    ],
    [
      'a volume that two would write to',
      `${instance('volumes: [{volume: a}]\n    count: 2')}volumes: [{name: a, size: 1GiB}]\n`,
      'line 8, instances[0].volumes[0]: a would be written to by web, which are 2; several may have a volume only when all say readOnly: true',
    ],
    [
      'a range with bits behind its prefix',
      'name: s\nnetworks: [{name: lan, bridge: b0, ipv4: {range: 192.0.2.1/24}}]\n',
      'line 2, networks[0].ipv4.range: 192.0.2.1/24 is no IPv4 range; it should look like 192.0.2.0/24, with no bit set behind the prefix',
    ],
    [
      'a gateway outside',
      'name: s\nnetworks: [{name: lan, bridge: b0, ipv4: {range: 192.0.2.0/24, gateway: 198.51.100.1}}]\n',
      'line 2, networks[0].ipv4.gateway: 198.51.100.1 is not an address of 192.0.2.0/24',
    ],
    [
      'a fixed address outside',
      instance('networks: [{network: lan, address: 198.51.100.1}]') +
        'networks: [{name: lan, bridge: b0, ipv4: {range: 192.0.2.0/24}}]\n',
      'line 8, instances[0].networks[0].address: 198.51.100.1 is not an address of the network lan',
    ],
    [
      'a fixed address for several',
      instance('count: 2\n    networks: [{network: lan, address: 192.0.2.9}]') +
        'networks: [{name: lan, bridge: b0, ipv4: {range: 192.0.2.0/24}}]\n',
      'line 9, instances[0].networks[0].address: 2 instances cannot have one address; leave it out, or write them one by one',
    ],
    [
      'company that is not there',
      instance('placement: {affinity: [wob]}'),
      'line 8, instances[0].placement.affinity[0]: there is no instance wob in this stack; did you mean web?',
    ],
    [
      'a disk of nothing',
      'name: s\nvolumes: [{name: a, size: 0GiB}]\n',
      'line 2, volumes[0].size: 0GiB is no size for a disk: at least 1MiB, at most 64TiB',
    ],
  ])('%s', (_fact, text, said) => {
    expect(faults(text)).toEqual([said])
  })
})

test('at most ten faults are told, in the order of the file', () => {
  const volumes = Array.from({ length: 14 }, (_, index) => `  - {name: v${index}, size: much}`).join('\n')
  const said = faults(`name: s\nvolumes:\n${volumes}\n`)
  expect(said).toHaveLength(11)
  expect(said[0]).toContain('line 3, volumes[0].size')
  expect(said.at(-1)).toBe('and 4 more')
})

test('a text that grows without bounds by its aliases is refused', () => {
  const lines = [
    'a: &a [1,2,3,4,5,6,7,8,9]',
    ...[...'bcdefgh'].map(
      (letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`,
    ),
  ]
  expect(faults(lines.join('\n'))[0]).toContain('alias')
})
