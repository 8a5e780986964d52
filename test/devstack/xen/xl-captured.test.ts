import { describe, expect, test } from 'vitest'
import type { TestMachine } from '../machine.ts'
import { captured, rewritten } from './captured.ts'
import { guestConfig, openRig, skipTo, startGuest, writeConfig } from './guests.ts'

/** The three guests of the captures: 1 with a file, 4 with qcow2, 5 with a volume. */
async function openCapturedHost(): Promise<TestMachine> {
  const host = await openRig()
  await startGuest(host, { name: 'pv1', uuid: '4c5c0b75-d027-477a-90c2-7e1510222b90' })
  await skipTo(host, 4)
  await startGuest(host, {
    name: 'pvq',
    uuid: 'f3435bd9-60bd-4d73-9a0b-86f756cef8ae',
    disk: `format=qcow2,vdev=xvda,access=rw,target=${host.root}/tmp/ov.qcow2`,
    mac: '00:16:3e:00:00:14',
    address: '10.9.0.14',
  })
  await startGuest(host, {
    name: 'pvz',
    uuid: 'edb6cfcb-54cb-428e-a09a-8038916ea2a3',
    disk: `format=raw,vdev=xvda,access=rw,target=${host.root}/tmp/c1.img`,
    mac: '00:16:3e:00:00:15',
    address: '10.9.0.15',
  })
  return host
}

/** Seconds of processor time and of uptime, clocks: they move. */
const times = (text: string) =>
  text.replaceAll(/ +\d+\.\d(?=\s|$)/gm, ' SECONDS').replaceAll(/ \d:\d\d:\d\d$/gm, ' UPTIME')
const paths = (root: string) => (text: string) =>
  text.replaceAll(`${root}/`, '/').replaceAll('/tmp/c1.img', '/dev/zvol/tank/c1')

describe('what xl prints of a host with three guests', () => {
  test.each([
    ['xl-list', 'list'],
    ['xl-list-one', 'list', 'pv1'],
    ['xl-list-v', 'list', '-v'],
    ['xl-list-l', 'list', '-l'],
    ['xl-list-l-one', 'list', '-l', 'pv1'],
    ['xl-list-missing', 'list', 'nosuch'],
    ['xl-vcpu-list', 'vcpu-list'],
    ['xl-domid', 'domid', 'pv1'],
    ['xl-domid-missing', 'domid', 'nosuch'],
    ['xl-domname', 'domname', '1'],
    ['xl-domname-missing', 'domname', '999'],
    ['xl-block-list', 'block-list', 'pv1'],
    ['xl-block-list-qdisk', 'block-list', 'pvq'],
    ['xl-block-list-zvol', 'block-list', 'pvz'],
    ['xl-block-list-missing', 'block-list', 'nosuch'],
    ['xl-network-list', 'network-list', 'pv1'],
    ['xl-destroy-missing', 'destroy', 'nosuch'],
    ['xl-shutdown-missing', 'shutdown', 'nosuch'],
    ['xl-pause-missing', 'pause', 'nosuch'],
    ['xl-unpause-again', 'unpause', 'pv1'],
    ['xl-unknown-command', 'frobnicate'],
    ['xl-shutdown-nowait', 'shutdown', 'pv1'],
  ])('%s', async (name, ...words) => {
    const host = await openCapturedHost()
    const said = rewritten(await host.run('xl', ...words), (text) => times(paths(host.root)(text)))
    // The one guest that was asked to stop had another number at that time, and the cpu of a guest is chance.
    const expected = rewritten(await captured(name), (text) => times(text).replace('down domain 12', 'down domain 1'))
    const cpus = (text: string) => text.replaceAll(/^(pv. +\d+ +\d+ +)\d/gm, '$1CPU')
    expect(rewritten(said, cpus)).toEqual(rewritten(expected, cpus))
  })

  test('xl info and xl info -n have the captured lines, but for what this machine is', async () => {
    const host = await openCapturedHost()
    const own = /^(host|release|version|machine|cc_\w+ ).*$/gm
    const change = (text: string) => text.replaceAll(own, '$1').replaceAll(/^(\w+) +$/gm, '$1')
    for (const [name, ...words] of [
      ['xl-info', 'info'],
      ['xl-info-n', 'info', '-n'],
    ] as const)
      expect(rewritten(await host.run('xl', ...words), change)).toEqual(rewritten(await captured(name), change))
  })

  test('xl-list-paused, xl-list-l-paused: a paused guest', async () => {
    const host = await openCapturedHost()
    await host.ok('xl', 'pause', 'pv1')
    const list = times((await host.run('xl', 'list', 'pv1')).stdout)
    expect(times((await captured('xl-list-paused')).stdout)).toContain(list.split('\n')[1])
    const long = rewritten(await host.run('xl', 'list', '-l', 'pv1'), paths(host.root))
    expect(long).toEqual(await captured('xl-list-l-paused'))
  })

  test('xl-list-after-mem-set: the guest gives its memory back', async () => {
    const host = await openCapturedHost()
    await host.ok('xl', 'mem-set', 'pv1', '128')
    expect(rewritten(await host.run('xl', 'list', 'pv1'), times)).toEqual(
      rewritten(await captured('xl-list-after-mem-set'), times),
    )
  })

  test('xl-uptime: guests have one; that of the host cannot be read on FreeBSD', async () => {
    const host = await openCapturedHost()
    const rows = times((await captured('xl-uptime')).stdout).split('\n')
    const said = times(await host.ok('xl', 'uptime', 'pv1', 'pvq', 'pvz')).split('\n')
    expect(said).toEqual(rows.filter((row) => !row.startsWith('Domain-0')))
    expect(await host.run('xl', 'uptime')).toMatchObject({ exitCode: 255, stderr: 'Can not get Dom0 uptime.\n' })
  })

  test('xl-shutdown-wait: it says how the guest ended', async () => {
    const host = await openCapturedHost()
    const waiting = host.run('xl', 'shutdown', '-w', 'pvz')
    await host.clock.advance(1000)
    expect(await waiting).toEqual(await captured('xl-shutdown-wait'))
  })

  test('xentop: on FreeBSD the columns of networks and disks are 0', async () => {
    const host = await openCapturedHost()
    const passes = host.run('xentop', '-b', '-i', '2', '-d', '1', '-f')
    await host.clock.advance(1000)
    const tidy = (text: string) =>
      text
        .replaceAll(/^( +\S+ +)[-drsbcp]{6} +\d+ +\d+\.\d/gm, '$1STATE SECONDS PERCENT')
        .replaceAll(/^(.*STATE.*?\d+\.\d +\d+ +\d+\.\d +\d+) .*$/gm, '$1')
    expect(rewritten(await passes, tidy)).toEqual(rewritten(await captured('xentop'), tidy))
    const [, , first = ''] = (await host.ok('xentop', '-b')).split('\n')
    expect(first.trim().split(/ +/).slice(9)).toEqual(Array(10).fill('0'))
  })

  test('xenstore-ls-domain: everything of one domain, but for the terminal and what FreeBSD has not', async () => {
    const host = await openCapturedHost()
    const tidy = (text: string) => text.replace(/(console\/tty = ).*/, '$1TTY')
    const said = rewritten(await host.run('xenstore-ls', '-f', '/local/domain/1'), tidy)
    expect(said).toEqual(rewritten(await captured('xenstore-ls-domain'), tidy))
  })
})

describe('what xl says when it does not create a domain', () => {
  const cases = [
    { name: 'xl-create-syntax-error', file: 'bad', config: () => 'name="bad\n' },
    { name: 'xl-create-no-name', file: 'bad2', config: () => 'memory=64\nkernel="/x"\n' },
    {
      name: 'xl-create-missing-kernel',
      file: 'bad3',
      domid: 6,
      change: (text: string) => text.replace(/kernel=.*/, 'kernel="/nonexistent"'),
    },
    {
      name: 'xl-create-missing-disk',
      file: 'bad4',
      domid: 7,
      change: (text: string) => text.replace('/tmp/a.img', '/tmp/nosuch.img'),
    },
    {
      name: 'xl-create-missing-bridge',
      file: 'bad5',
      domid: 8,
      change: (text: string) => text.replace('bridge=xenbr0', 'bridge=nobr0'),
    },
    {
      name: 'xl-create-no-memory',
      file: 'bad6',
      domid: 9,
      change: (text: string) => text.replace('memory=160', 'memory=8000'),
    },
    { name: 'xl-create-duplicate-name', file: 'pv1', domid: 10, change: (text: string) => text.replace('bad', 'pv1') },
  ]

  // A script of FreeBSD is called differently, says nothing in xenstore, and does nothing when an interface goes.
  const asOnFreebsd = (text: string) =>
    text
      .replaceAll(/^.*device_hotplug_child_death_cb.*\n|^.*vif-bridge offline.*\n/gm, '')
      .replace('/etc/xen/scripts/vif-bridge online', '/usr/local/etc/xen/scripts/vif-bridge add')
      .replaceAll(/\[\d+\] exited/g, '[PID] exited')

  test.each(cases)('$name', async ({ name, file, config, change, domid }) => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    if (domid !== undefined) await skipTo(host, domid)
    const text = config?.() ?? change?.(guestConfig(host, { name: 'bad' })) ?? ''
    const path = await writeConfig(host, file, text)
    const said = rewritten(await host.run('xl', 'create', path), (each) =>
      asOnFreebsd(each.replaceAll(`${host.root}/`, '/')),
    )
    expect(said).toEqual(rewritten(await captured(name), asOnFreebsd))
    expect(host.machine.hypervisor.domains().map((each) => each.config.name)).toEqual(['pv1'])
  })

  test('xl-create-missing-file', async () => {
    const host = await openRig()
    const said = await host.run('xl', 'create', `${host.root}/tmp/nosuch.cfg`)
    expect(rewritten(said, (text) => text.replace(host.root, ''))).toEqual(await captured('xl-create-missing-file'))
  })

  test('xl-create-disk-in-use: nothing stops a second guest from writing to the same disk', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    const path = await writeConfig(host, 'pvn', guestConfig(host, { name: 'pvn', mac: '00:16:3e:00:00:12' }))
    const said = await host.run('xl', 'create', path)
    expect(rewritten(said, (text) => text.replace(host.root, ''))).toEqual(await captured('xl-create-disk-in-use'))
  })

  test('xl-create-dryrun, xl-create-dryrun-defconfig: the configuration, with another uuid', async () => {
    const host = await openRig()
    const tidy = (text: string) => text.replaceAll(`${host.root}/`, '/').replace(/"uuid": ".*"/, '"uuid": UUID')
    const path = await writeConfig(host, 'pvn', guestConfig(host, { name: 'pvn' }))
    expect(rewritten(await host.run('xl', 'create', '-n', path), tidy)).toEqual(
      rewritten(await captured('xl-create-dryrun'), tidy),
    )
    const words = ['name="x"', 'memory=64', 'kernel="/opt/guest/vmlinux"', 'type="pv"']
    expect(rewritten(await host.run('xl', 'create', '-n', '/dev/null', ...words), tidy)).toEqual(
      rewritten(await captured('xl-create-dryrun-defconfig'), tidy),
    )
    expect(host.machine.hypervisor.domains()).toEqual([])
  })
})

describe('saving and restoring', () => {
  const tidy = (text: string) =>
    text.replaceAll(/0x3\/0x0\/\d+/g, '0x3/0x0/LENGTH').replaceAll(/mfn 0x[0-9a-f]+/g, 'mfn MFN')

  test('xl-save, xl-restore, xl-save-checkpoint', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    await host.ok('xl', 'mem-set', 'pv1', '128')
    const file = `${host.root}/tmp/pv1.save`
    const compare = async (name: string, ...words: string[]) => {
      const said = rewritten(await host.run('xl', ...words), (text) => tidy(text.replaceAll(host.root, '')))
      const expected = rewritten(await captured(name), (text) => tidy(text).replace('domain 12', 'domain 2'))
      expect(said).toEqual(expected)
    }
    await compare('xl-save', 'save', 'pv1', file)
    expect(await host.run('xl', 'domid', 'pv1')).toMatchObject({ exitCode: 1 })
    await compare('xl-restore', 'restore', file)
    expect(await host.ok('xl', 'list', 'pv1')).toMatch(/^pv1 +2 +128 +1 +-b---- /m)
    await compare('xl-save-checkpoint', 'save', '-c', 'pv1', `${file}2`)
    expect(await host.ok('xl', 'list', 'pv1')).toMatch(/^pv1 +2 +128 +1 +-b---- /m)
  })
})
