import { expect, test } from 'vitest'
import type { GuestSpec } from '../../../src/compute/driver.ts'
import { configText } from '../../../src/compute/xen/config-text.ts'
import { domainConfig } from '../../../src/compute/xen/domain-config.ts'

type Value = number | string | Value[]

/** A small reader of xl's grammar (libxlu_cfg): what it understands of a text is what xl would. */
function readConfig(text: string): Record<string, Value> {
  let at = 0
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (!found) throw new Error(`not as the grammar has it: ${JSON.stringify(text.slice(at, at + 20))}`)
    at = pattern.lastIndex
    return found[0]
  }
  const is = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.test(text)
  }
  const value = (): Value => {
    if (is(/[0-9]/y)) return Number(take(/[0-9]+/y))
    if (is(/\[/y)) {
      take(/\[\s*/y)
      const items: Value[] = []
      while (!is(/\]/y)) {
        items.push(value())
        take(/\s*,?\s*/y)
      }
      take(/\]/y)
      return items
    }
    take(/"/y)
    // An unknown escape is a syntax error there.
    const inner = take(/(?:[^"\\\p{Cc}]|\\["\\])*/uy)
    take(/"/y)
    return inner.replaceAll(/\\(.)/g, '$1')
  }
  const entries: Record<string, Value> = {}
  while (at < text.length) {
    const key = take(/[a-z][._0-9a-z]*/y)
    take(/ = /y)
    if (key in entries) throw new Error(`${key} stands there twice`)
    entries[key] = value()
    take(/\n/y)
  }
  return entries
}

/** The same numbers every time: a test that fails can be run again. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    yield state / 2 ** 31
  }
}

test('whatever text goes into a configuration is what xl reads out of it', () => {
  const random = numbers(7)
  const next = (below: number) => Math.floor((random.next().value as number) * below)
  const letters = [...`ab09 "'\\,;=[]{}#$%é€\u{1f600}`]
  const word = () => Array.from({ length: next(12) }, () => letters[next(letters.length)]).join('')
  for (let round = 0; round < 500; round++) {
    const entries = {
      name: word(),
      disk: Array.from({ length: next(4) }, word),
      memory: next(2 ** 20),
      left: undefined,
    }
    const { left, ...rest } = entries
    expect(readConfig(configText(entries))).toEqual(rest)
  }
})

test.each([
  [{ name: 'a\nb' }, "name of the guest's configuration holds a control character at 1"],
  [{ disk: ['\u007f'] }, "disk of the guest's configuration holds a control character at 0"],
  [{ 'Name = 1\nx': 1 }, 'is no key of an xl configuration'],
  [{ memory: 1.5 }, "memory of the guest's configuration is 1.5, which is no whole number"],
  [{ memory: -1 }, 'is -1, which is no whole number'],
])('%j cannot be written', (entries, said) => {
  expect(() => configText(entries)).toThrow(said)
})

const firmware = {
  uefi: '/efi.fd',
  kernels: { small: { kernel: '/k', ramdisk: '/r', commandLine: 'console=hvc0 root="x"' } },
}
const spec: GuestSpec = {
  id: '6f1b6c0e-0000-4000-8000-000000000001',
  name: 'shop.web',
  type: 'hvm',
  vcpus: 2,
  memoryMiB: 2048,
  boot: { from: 'disk', firmware: 'bios' },
  disks: [
    { device: 'xvda', path: '/dev/zvol/tank/a,b', backend: 'phy', readOnly: false },
    { device: 'xvde', path: '/seed.img', backend: 'phy', readOnly: true },
  ],
  interfaces: [{ port: '0'.repeat(16), mac: '00:16:3e:aa:bb:01', bridge: 'bridge0', mtu: 1450, filtered: false }],
}
const configOf = (change: Partial<GuestSpec>, script?: string) =>
  readConfig(configText(domainConfig({ ...spec, ...change }, firmware, script)))

test('an hvm guest says all that would hurt if it were left to its default', () => {
  expect(configOf({})).toEqual({
    name: 'shop.web',
    uuid: spec.id,
    type: 'hvm',
    memory: 2048,
    maxmem: 2048,
    vcpus: 2,
    maxvcpus: 2,
    firmware: 'bios',
    boot: 'c',
    serial: 'pty',
    vga: 'stdvga',
    vkb_device: 0,
    xen_platform_pci: 1,
    smbios: ['system_product_name=OpenStack Nova', 'enclosure_asset_tag=OpenStack Nova'],
    vnc: 0,
    on_poweroff: 'preserve',
    on_reboot: 'restart',
    on_watchdog: 'preserve',
    on_crash: 'preserve',
    disk: [
      'format=raw,vdev=xvda,access=rw,backendtype=phy,target=/dev/zvol/tank/a,b',
      'format=raw,vdev=xvde,access=ro,backendtype=phy,target=/seed.img',
    ],
    vif: ['mac=00:16:3e:aa:bb:01,bridge=bridge0,type=ioemu,model=e1000,mtu=1450'],
  })
})

test.each<[string, Partial<GuestSpec>, Record<string, Value>]>([
  ['UEFI', { boot: { from: 'disk', firmware: 'uefi' } }, { bios: 'ovmf', bios_path_override: '/efi.fd' }],
  [
    'a pvh guest with UEFI',
    { type: 'pvh', boot: { from: 'disk', firmware: 'uefi' } },
    { type: 'pvh', kernel: '/efi.fd' },
  ],
  ['a pv guest from its disk', { type: 'pv' }, { type: 'pv', bootloader: 'pygrub' }],
  [
    'a kernel that the host allows',
    { type: 'pv', boot: { from: 'kernel', kernel: 'small' } },
    {
      kernel: '/k',
      ramdisk: '/r',
      cmdline: 'console=hvc0 root="x"',
      vif: ['mac=00:16:3e:aa:bb:01,bridge=bridge0,type=vif,mtu=1450'],
    },
  ],
  [
    'a screen',
    { vnc: { password: 'abcdefgh' } },
    { vnc: 1, vnclisten: '127.0.0.1', vncunused: 1, vncpasswd: 'abcdefgh' },
  ],
  [
    'a screen without emulation',
    { type: 'pvh', boot: { from: 'kernel', kernel: 'small' }, vnc: { password: 'abcdefgh' } },
    { vfb: ['vnc=1,vnclisten=127.0.0.1,vncunused=1,vncpasswd=abcdefgh'] },
  ],
])('%s', (_, change, keys) => {
  expect(configOf(change)).toMatchObject(keys)
})

test.each<[Partial<GuestSpec>, string]>([
  [
    { boot: { from: 'kernel', kernel: 'other' } },
    'this host allows no kernel other; name it in compute.yaml (kernels)',
  ],
  [{ type: 'pvh' }, 'a pvh guest has no BIOS'],
  [
    { disks: [{ device: 'xvdb', path: '/x', backend: 'phy', readOnly: true }] },
    'xvdb of an hvm guest cannot be read-only; give the volume a device from xvdf on',
  ],
])('no guest of Xen can be like %j', (change, said) => {
  expect(() => configOf(change)).toThrow(said)
})

test('an interface names the script of Slipway where that is installed; one with security groups has to have it', () => {
  const script = '/usr/local/etc/xen/scripts/vif-slipway'
  expect(configOf({ type: 'pv' }, script).vif).toEqual([
    `mac=00:16:3e:aa:bb:01,bridge=bridge0,type=vif,mtu=1450,script=${script}`,
  ])
  const guarded = spec.interfaces.map((it) => ({ ...it, filtered: true }))
  expect(configOf({ interfaces: guarded }, script).vif).toHaveLength(1)
  expect(() => configOf({ interfaces: guarded })).toThrow('shop.web has security groups, and the script vif-slipway')
})
