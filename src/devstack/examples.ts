import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { readComponentFile } from '../artifact/component-file.ts'
import type { ComponentFile } from '../contract/component.ts'
import type { FloatingRange } from '../contract/floating-range.ts'
import { makeFolder, moveInto, remove, replaceFile, temporaryBeside } from '../platform/files.ts'
import { lengthen } from '../platform/sparse-file.ts'

/**
 * Prepares two versions of compute to publish: `compute-1.1.0`, which works, and `compute-1.2.0-broken`, whose health check fails on
 * every host. Both are made anew each time, from what was built.
 */
export async function prepareExamples(compute: string, folder: string): Promise<void> {
  const component = await readComponentFile(compute)
  await prepare(compute, join(folder, 'compute-1.1.0'), component, {
    'NOTES.txt': 'compute 1.1.0: an example of the devstack, the same program as 1.0.0 under a new version.\n',
  })
  const check: ComponentFile['health'][number] = { name: 'hypervisor', kind: 'command', program: 'check-hypervisor' }
  await prepare(
    compute,
    join(folder, 'compute-1.2.0-broken'),
    { ...component, health: [...component.health, check] },
    {
      'NOTES.txt': 'compute 1.2.0: an example of the devstack that no host keeps.\n',
      'check-hypervisor':
        '#!/bin/sh\n' +
        'echo "the hypervisor speaks interface version 21, but this compute was built for 22" >&2\n' +
        'exit 1\n',
    },
  )
}

const guestBytes = 256 * 1024 * 1024

/**
 * Prepares what instances need: `guest.raw`, a disk that the simulated hypervisor starts like any other, and `shop.yaml`, a stack of three
 * instances that start from it, on a network that joins the hosts, with security groups and a floating IP.
 */
export async function prepareStack(folder: string): Promise<void> {
  await replaceFile(join(folder, 'guest.raw'), bootSector())
  await lengthen(join(folder, 'guest.raw'), guestBytes)
  await replaceFile(join(folder, 'shop.yaml'), shop)
}

/** A master boot record with code that stops, and one partition for Linux that one boots from. */
function bootSector(): Buffer {
  const sector = Buffer.alloc(512)
  // cli; hlt; and again, should something wake it
  sector.set([0xfa, 0xf4, 0xeb, 0xfc])
  sector.writeUInt8(0x80, 446)
  sector.writeUInt8(0x83, 450)
  sector.writeUInt32LE(2048, 454)
  sector.writeUInt32LE(guestBytes / 512 - 2048, 458)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

/** Where the floating IP of `shop.yaml` comes from: addresses of the network that simulated hosts have outside. */
export const floatingRange: FloatingRange = { name: 'public', range: '192.0.2.128/25', routed: false }

const shop = `name: shop
networks:
  - name: lan
    vlan: 42
    ipv4: {range: 10.0.0.0/24, gateway: host}
securityGroups:
  - name: web
    rules:
      - {direction: in, protocol: tcp, ports: 80}
      - {direction: in, protocol: icmp}
      - {direction: out}
  - name: db
    rules:
      - {direction: in, protocol: tcp, ports: 5432, group: web}
      - {direction: out, protocol: tcp, ports: 443}
floatingIps:
  - {name: www, instance: front-0}
flavors:
  - {name: small, vcpus: 1, memory: 512MiB, disk: 2GiB}
instances:
  - name: front
    count: 2
    flavor: small
    image: {name: guest, version: 1.0.0}
    networks: [lan]
    securityGroups: [web]
    placement: {antiAffinity: [front]}
    check: {kind: console, text: "login:"}
  - name: db
    flavor: small
    memory: 1GiB
    image: {name: guest, version: 1.0.0}
    networks: [{network: lan, address: 10.0.0.50}]
    securityGroups: [db]
    volumes: [{volume: data}]
    check: {kind: console, text: "login:"}
volumes:
  - {name: data, size: 4GiB}
`

async function prepare(from: string, to: string, component: ComponentFile, files: Readonly<Record<string, string>>) {
  await makeFolder(join(to, '..'))
  const fresh = temporaryBeside(to)
  await cp(from, fresh, { recursive: true })
  await replaceFile(join(fresh, 'component.json'), `${JSON.stringify(component, null, 2)}\n`)
  for (const [name, text] of Object.entries(files)) {
    const mode = text.startsWith('#!') ? 0o755 : 0o644
    await replaceFile(join(fresh, name), text, { mode })
  }
  await remove(to)
  await moveInto(fresh, to)
}
