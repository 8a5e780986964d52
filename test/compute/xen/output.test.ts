import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDiskClaims } from '../../../src/compute/xen/domain-configs.ts'
import { deviceName, deviceNumber, domainDetails } from '../../../src/compute/xen/domain-details.ts'
import { readDomainList } from '../../../src/compute/xen/domain-list.ts'
import { numberOf, readHardware, readHostInfo } from '../../../src/compute/xen/host-info.ts'
import { refusalOf } from '../../../src/compute/xen/refusal.ts'
import { readVcpuList } from '../../../src/compute/xen/vcpu-list.ts'
import { readXenstore } from '../../../src/compute/xen/xenstore.ts'

const captured = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/xen', name), 'utf8')

describe('xl list -v', () => {
  const header =
    'Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label\n'
  const host = `Domain-0                                     0  1024     1     r-----     414.4 00000000-0000-0000-0000-000000000000        -                -\n`
  const uuid = '4c5c0b75-d027-477a-90c2-7e1510222b90'
  const row = (state: string, name = 'pv1') =>
    `${name.padEnd(40)}     1   160     1     ${state}      32.9 ${uuid}        -                -\n`
  const read = (...rows: string[]) => readDomainList(header + host + rows.join(''))

  test('as the real one printed it', () => {
    const { guests, unread } = readDomainList(captured('xl-list-v.txt')) ?? {}
    expect(unread).toBe(0)
    expect(guests?.map(({ name, domid }) => [name, domid])).toEqual([
      ['pv1', 1],
      ['pvq', 4],
      ['pvz', 5],
    ])
    expect(guests?.[0]).toEqual({
      id: uuid,
      name: 'pv1',
      domid: 1,
      state: 'running',
      memoryMiB: 160,
      vcpus: 1,
      cpuSeconds: 32.9,
    })
  })

  test.each([
    ['r-----', 'running', undefined],
    ['-b----', 'running', undefined],
    ['------', 'running', undefined],
    ['--p---', 'paused', undefined],
    ['---s--', 'ended', 'poweroff'],
    ['--ps--', 'ended', 'poweroff'],
    ['---sr-', 'ended', 'reboot'],
    ['---ss-', 'ended', 'suspend'],
    ['---sc-', 'ended', 'crash'],
    ['----c-', 'ended', 'crash'],
    ['---sw-', 'ended', 'crash'],
    ['---s?-', 'ended', 'unknown'],
    ['---s-d', 'dying', undefined],
    ['--ps-d', 'dying', undefined],
  ])('%s is %s by %s', (letters, state, ended) => {
    const guest = read(row(letters))?.guests[0]
    expect([guest?.state, guest?.ended]).toEqual([state, ended])
  })

  test('a long name, one with blanks, and that of a dying domain are names', () => {
    for (const name of ['x'.repeat(60), 'my  guest 7', '(null)'])
      expect(read(row('-b----', name))?.guests[0]?.name).toBe(name)
  })

  test('a line of another form is counted and never a wrong number', () => {
    expect(read(row('-b----'), 'pv2   what is   this\n')).toMatchObject({ guests: [{ domid: 1 }], unread: 1 })
  })

  test('a list without the host itself says nothing', () => {
    expect(readDomainList('')).toBeUndefined()
    expect(readDomainList(header)).toBeUndefined()
  })
})

test('xl info', () => {
  const info = readHostInfo(captured('xl-info.txt'))
  expect(numberOf(info, 'free_memory')).toBe(1534)
  expect(info.get('virt_caps')).toBe('pv hvm hap gnttab-v1 gnttab-v2')
  expect(info.get('xen_commandline')).toMatch(/^console=com1 com1=115200 dom0_mem=/)
  expect(numberOf(info, 'xen_extra')).toBeUndefined()
})

test('xl info -n tells which processors there are: those that are switched off leave gaps', () => {
  expect(readHardware(captured('xl-info-n.txt'))).toEqual({
    memoryMiB: 3071,
    freeMemoryMiB: 1534,
    cpus: 2,
    processors: [0, 1],
  })
  const halved = captured('xl-info-n.txt').replace('  1:       1        0', '  2:       1        0')
  expect(readHardware(halved).processors).toEqual([0, 2])
  expect(() => readHardware('nr_cpus : 2\n')).toThrow('xl info tells no total_memory')
})

describe('xl vcpu-list', () => {
  test('as the real one printed it', () => {
    const { vcpus, unread } = readVcpuList(captured('xl-vcpu-list.txt'))
    expect(unread).toEqual([])
    expect(vcpus.map(({ name, domid }) => `${name} ${domid}`)).toEqual(['Domain-0 0', 'pv1 1', 'pvq 4', 'pvz 5'])
    expect(vcpus[0]).toMatchObject({ vcpu: 0, processor: 0, blocked: false, seconds: 418.3 })
    expect(vcpus[1]).toMatchObject({ processor: 1, blocked: true, seconds: 33 })
  })

  test.each([
    [
      'Domain-0                             0     1    -   --p       0.0  0-1 / all',
      { domid: 0, processor: undefined },
    ],
    [
      'Domain-0                             0     1    -   ---       0.0  0-1 / all',
      { domid: 0, processor: undefined },
    ],
    [
      `${'a name with 7 8 blanks and that is long'}    18     3    1   r--       3.1  0,2-5 / all`,
      { name: 'a name with 7 8 blanks and that is long', domid: 18, vcpu: 3, processor: 1, seconds: 3.1 },
    ],
  ])('%s', (line, expected) => {
    expect(readVcpuList(`Name\n${line}\n`)).toMatchObject({ vcpus: [expected], unread: [] })
  })

  test('a line that is not understood is told, and is none', () => {
    expect(readVcpuList('Name\npv1 1 0 busy\n')).toEqual({ vcpus: [], unread: ['pv1 1 0 busy'] })
  })
})

test('xl list -l tells which domain has which disk', () => {
  expect(readDiskClaims(captured('xl-list-l-one.txt'))).toEqual([
    { path: '/tmp/a.img', readOnly: false, domid: 1, name: 'pv1', id: '4c5c0b75-d027-477a-90c2-7e1510222b90' },
  ])
  expect(readDiskClaims(captured('xl-list-l.txt')).map(({ name, path }) => `${name} ${path}`)).toContain(
    'pv1 /tmp/a.img',
  )
  expect(() => readDiskClaims('no JSON')).toThrow('the output of xl list -l is not JSON')
})

describe('xenstore', () => {
  const text = captured('xenstore-ls-domain.txt')

  test('tells the devices of a domain, and where its console is', () => {
    expect(domainDetails(readXenstore(text), 1, 'xnb')).toEqual({
      domid: 1,
      disks: [{ device: 'xvda', backend: 'phy', connection: 'connected' }],
      interfaces: [{ mac: '00:16:3e:00:00:11', name: 'xnb1.0', connection: 'connected' }],
      consolePath: '/dev/pts/0',
    })
  })

  test.each([
    ['1', 'none'],
    ['2', 'waiting'],
    ['3', 'waiting'],
    ['4', 'connected'],
    ['5', 'none'],
  ])('a device in state %s: %s', (state, connection) => {
    const other = text.replace('vbd/51712/state = "4"', `vbd/51712/state = "${state}"`)
    expect(domainDetails(readXenstore(other), 1, 'vif').disks[0]?.connection).toBe(connection)
  })

  test('a disk of qemu, a screen, and a serial console', () => {
    const more = `${text.replace('backend/vbd/1/51712', 'backend/qdisk/1/51712')}/local/domain/1/console/vnc-port = "5901"\n/local/domain/1/serial/0/tty = "/dev/pts/7"\n`
    expect(domainDetails(readXenstore(more), 1, 'vif')).toMatchObject({
      disks: [{ backend: 'qdisk' }],
      vncAddress: '127.0.0.1:5901',
      consolePath: '/dev/pts/7',
    })
  })

  test('a domain that is not there has nothing', () => {
    expect(domainDetails(readXenstore(''), 1, 'vif')).toEqual({ domid: 1, disks: [], interfaces: [] })
  })

  test('devices are known by number', () => {
    for (const [name, number] of [
      ['xvda', 51712],
      ['xvdb', 51728],
      ['xvdp', 51952],
    ] as const) {
      expect(deviceName(String(number))).toBe(name)
      expect(deviceNumber(name)).toBe(number)
    }
    expect(deviceName('768')).toBe('#768')
  })
})

describe('what xl says when it refuses', () => {
  test.each([
    ['xl-create-duplicate-name', 'another domain has the name pv1'],
    ['xl-create-missing-bridge', 'the bridge nobr0 does not exist; make it, or name another'],
    ['xl-create-missing-disk', 'the disk xvda cannot be used: /tmp/nosuch.img: No such file or directory'],
    ['xl-create-missing-file', 'xl cannot read its configuration: /tmp/nosuch.cfg: No such file or directory'],
    ['xl-create-missing-kernel', 'cannot open /nonexistent: No such file or directory'],
    ['xl-create-no-memory', 'the hypervisor has not enough free memory for it; stop another instance or give it less'],
    ['xl-create-no-name', 'Domain name must be specified.'],
    ['xl-create-syntax-error', 'xl cannot read /tmp/bad.cfg:1: near `"bad\': lexical error'],
    ['xl-destroy-missing', 'nosuch is an invalid domain identifier (rc=-6)'],
    ['xl-unpause-again', 'Unpausing domain: Invalid argument'],
  ])('%s: %s', (fixture, said) => {
    expect(refusalOf(captured(`${fixture}.stderr.txt`))).toBe(said)
  })

  test('nothing is told as such', () => {
    expect(refusalOf('Parsing config from /x\n')).toBe('xl said nothing')
  })
})
