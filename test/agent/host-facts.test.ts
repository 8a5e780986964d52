import { expect, test } from 'vitest'
import { readHostFacts } from '../../src/agent/host-facts.ts'
import { type Line, replay } from './support/replay.ts'

const amd64: Line = ['uname -m', 0, 'amd64\n']
const release: Line = ['freebsd-version', 0, '14.3-RELEASE-p5\n']
const zfs: Line = ['zfs version', 0, 'zfs-2.2.7-FreeBSD_ge269af1b3\nzfs-kmod-2.2.7-FreeBSD_ge269af1b3\n']
const onXen: Line = ['sysctl -n kern.vm_guest', 0, 'xen\n']

test('platform, release and capabilities are asked from the host', async () => {
  expect(await readHostFacts(replay([amd64, release, zfs, onXen]))).toEqual({
    platform: { os: 'freebsd', architecture: 'amd64', 'os.version': '14' },
    release: '14.3-RELEASE-p5',
    capabilities: { zfs: { available: true }, xen: { available: true } },
  })
})

test('what a host cannot do is told with the reason', async () => {
  const { capabilities } = await readHostFacts(
    replay([
      amd64,
      ['freebsd-version', 0, '15.0-STABLE\n'],
      ['zfs version', 1, 'zfs_version_kernel() failed: No such file or directory'],
      ['sysctl -n kern.vm_guest', 0, 'none\n'],
    ]),
  )
  expect(capabilities.zfs?.reason).toContain('zfs_version_kernel() failed: No such file or directory')
  expect(capabilities.xen).toEqual({
    available: false,
    reason: 'kern.vm_guest is none: this host does not run on Xen',
  })
})

test('a machine that Slipway does not run on is refused with what it is', async () => {
  const facts = readHostFacts(replay([['uname -m', 0, 'riscv64\n'], release]))
  await expect(facts).rejects.toThrow(
    'this host: architecture must be equal to one of the allowed values "amd64", "arm64"',
  )
})

test('a system that is not FreeBSD is refused', async () => {
  const facts = readHostFacts(replay([amd64, ['freebsd-version', 0, 'trixie/sid\n']]))
  await expect(facts).rejects.toThrow('freebsd-version says "trixie/sid", which names no release of FreeBSD')
})
