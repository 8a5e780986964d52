import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { SeedFacts } from '../../src/compute/seed/no-cloud.ts'
import { writeSeed } from '../../src/compute/seed/write-seed.ts'
import { readFileSystem } from '../../src/image/file-system.ts'
import { sourceOf } from '../image/source.ts'
import { readFat } from '../support/fat.ts'
import { seedFacts, seedPort } from '../support/seed-facts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function seedOf(changed: Partial<SeedFacts> = {}) {
  const file = join(await temporaryFolder(), 'seed')
  await writeSeed(file, { ...seedFacts, ...changed })
  const disk = await readFile(file)
  return { disk, files: readFat(disk) }
}

test('a guest finds it by its label, and the three files by their names', async () => {
  const { disk, files } = await seedOf()
  expect(await readFileSystem(sourceOf(disk))).toMatchObject({ type: 'fat12', label: 'CIDATA' })
  expect(disk.length % 512).toBe(0)
  expect([...files.keys()]).toEqual(['meta-data', 'user-data', 'network-config'])
})

test('it says who the guest is and whose keys open it', async () => {
  const { files } = await seedOf()
  expect(parse(String(files.get('meta-data')))).toEqual({
    'instance-id': seedFacts.instanceId,
    'local-hostname': 'front-0',
    'public-keys': seedFacts.sshKeys,
  })
  const userData = String(files.get('user-data'))
  expect(userData.split('\n')[0]).toBe('#cloud-config')
  expect(parse(userData)).toEqual({ hostname: 'front-0', ssh_authorized_keys: seedFacts.sshKeys })
})

test('user data stand in it byte for byte, however long', async () => {
  const userData = `#!/bin/sh\necho "ünïcode: $HOME"\n${'# a long script\n'.repeat(10_000)}`
  expect(String((await seedOf({ userData })).files.get('user-data'))).toBe(userData)
})

test('an interface is known by its MAC and has what its port was given; one without an address asks for one', async () => {
  const asking = { ...seedPort, mac: '00:16:3e:0a:0b:0c', addresses: [], gateways: [], dns: [] }
  const { files } = await seedOf({ ports: [seedPort, asking] })
  expect(parse(String(files.get('network-config')))).toEqual({
    version: 2,
    ethernets: {
      port0: {
        match: { macaddress: seedPort.mac },
        addresses: seedPort.addresses,
        gateway4: '192.0.2.1',
        gateway6: '2001:db8::1',
        nameservers: { addresses: ['192.0.2.2'] },
        mtu: 1400,
      },
      port1: { match: { macaddress: asking.mac }, dhcp4: true, mtu: 1400 },
    },
  })
})

test('the same facts give the same bytes', async () => {
  expect((await seedOf()).disk.equals((await seedOf()).disk)).toBe(true)
})

test('more than fits is refused', async () => {
  await expect(seedOf({ userData: 'x'.repeat(5 * 1024 * 1024) })).rejects.toThrow(
    'the seed of front-0 has no room beyond',
  )
})
