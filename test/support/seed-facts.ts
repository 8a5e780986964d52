import type { SeedFacts } from '../../src/compute/seed/no-cloud.ts'
import type { InstancePort } from '../../src/contract/instance.ts'

export const seedPort: InstancePort = {
  id: '0123456789abcdef',
  network: 'shop.lan',
  bridge: 'bridge0',
  mac: '00:16:3e:01:02:03',
  addresses: ['192.0.2.10/24', '2001:db8::10/64'],
  gateways: ['192.0.2.1', '2001:db8::1'],
  dns: ['192.0.2.2'],
  mtu: 1400,
}

/** What a seed tells a guest with one port, of both families. */
export const seedFacts: SeedFacts = {
  instanceId: '6f1b6c0e-0000-4000-8000-000000000001',
  hostname: 'front-0',
  sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ someone@example.org'],
  ports: [seedPort],
}
