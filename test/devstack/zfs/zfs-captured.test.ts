import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Said } from '../../../src/devstack/tools/said.ts'
import { callTool, openTestMachine, type TestMachine, toolNamed } from '../machine.ts'
import { captured, rewritten } from '../xen/captured.ts'
import { guestConfig, writeConfig } from '../xen/guests.ts'

/** A pool "tank" on a file of 400 MiB, as in the captures. */
async function openTank(): Promise<TestMachine> {
  const host = await openTestMachine({}, ['xenbr0'])
  await mkdir(join(host.root, 'tmp'))
  const file = await open(join(host.root, 'tmp/zp.img'), 'w')
  await file.truncate(400 * 1024 * 1024)
  await file.close()
  await host.ok(
    'zpool',
    'create',
    '-f',
    '-o',
    'ashift=12',
    '-O',
    'compression=lz4',
    '-O',
    'mountpoint=none',
    'tank',
    `${host.root}/tmp/zp.img`,
  )
  return host
}

/** Up to the clone of an image, with two snapshots of it. */
async function withClone(): Promise<TestMachine> {
  const host = await openTank()
  for (const words of [
    'create -p tank/images',
    'create -s -V 64M -o volblocksize=16k tank/images/base',
    'snapshot tank/images/base@v1',
    'clone tank/images/base@v1 tank/vm1',
    'snapshot tank/vm1@a',
    'snapshot tank/vm1@b',
  ])
    await host.ok('zfs', ...words.split(' '))
  return host
}

const short = (host: TestMachine, said: Said) => rewritten(said, (text) => text.replaceAll(`${host.root}/`, '/'))

test.each([
  ['zfs-create-exists', 'create tank/images'],
  ['zfs-snapshot-exists', 'snapshot tank/images/base@v1'],
  ['zfs-clone-missing-origin', 'clone tank/images/base@nope tank/vm2'],
  ['zfs-rollback-needs-r', 'rollback tank/vm1@a'],
  ['zfs-rollback', 'rollback -r tank/vm1@a'],
  ['zfs-destroy-missing', 'destroy tank/nosuch'],
  ['zfs-list-missing', 'list -Hp tank/nosuch'],
  ['zfs-set-userprop', 'set myproj:owner=alice tank/vm1'],
])('%s', async (name, words) => {
  const host = await withClone()
  expect(await host.run('zfs', ...words.split(' '))).toEqual(await captured(name))
})

test.each([
  ['zfs-destroy-has-clones', 'destroy tank/images/base@v1'],
  ['zfs-destroy-has-snapshots', 'destroy tank/vm1'],
])('%s, when one snapshot is left', async (name, words) => {
  const host = await withClone()
  await host.ok('zfs', 'destroy', 'tank/vm1@b')
  expect(await host.run('zfs', ...words.split(' '))).toEqual(await captured(name))
})

test('zfs-list, zfs-list-Hp: names, types, sizes of volumes and origins; other sizes and times move', async () => {
  const host = await withClone()
  await host.ok('zfs', 'rollback', '-r', 'tank/vm1@a')
  await host.ok('zfs', 'set', 'myproj:owner=alice', 'tank/vm1')
  const people = (text: string) =>
    text.replaceAll(/ +[\d.]+[BKMG](?= |$)/gm, ' SIZE').replaceAll(/ +(USED|AVAIL|REFER|-)(?= )/g, ' $1')
  const list = await host.run('zfs', 'list', '-t', 'all', '-r', 'tank')
  expect(rewritten(list, people)).toEqual(rewritten(await captured('zfs-list'), people))

  const columns = 'name,type,used,avail,refer,volsize,origin,creation,myproj:owner'
  const exact = (text: string) =>
    text
      .replaceAll(
        /^(\S+\t\S+)\t\d+\t(\d+|-)\t\d+\t/gm,
        (_, start, avail) => `${start}\tUSED\t${avail === '-' ? '-' : 'AVAIL'}\tREFER\t`,
      )
      .replaceAll(/\t\d{10}\t/g, '\tTIME\t')
  const listed = await host.run('zfs', 'list', '-Hp', '-t', 'all', '-r', '-o', columns, 'tank')
  expect(rewritten(listed, exact)).toEqual(rewritten(await captured('zfs-list-Hp'), exact))
})

test('zfs-get-all: every property of a clone, in the order of ZFS; those of Linux are not there', async () => {
  const host = await withClone()
  await host.ok('zfs', 'set', 'myproj:owner=alice', 'tank/vm1')
  const linux = /^tank\/vm1\t(mlslabel|context|fscontext|defcontext|rootcontext)\t.*\n/gm
  const moving =
    /\t(creation|used|available|referenced|createtxg|guid|objsetid|usedby\w+|refcompressratio|logical\w+|written)\t\d[\d.]*\t/g
  const tidy = (text: string) => text.replaceAll(linux, '').replaceAll(moving, '\t$1\tN\t')
  const said = await host.run('zfs', 'get', '-Hp', 'all', 'tank/vm1')
  expect(rewritten(said, tidy)).toEqual(rewritten(await captured('zfs-get-all'), tidy))
})

test('zpool-create-exists, zpool-list, zpool-status', async () => {
  const host = await openTank()
  expect(short(host, await host.run('zpool', 'create', '-f', 'tank', `${host.root}/tmp/zp.img`))).toEqual(
    await captured('zpool-create-exists'),
  )
  const allocated = (text: string) =>
    text
      .replaceAll(/ +[\d.]+[KM] +38[34]M /g, ' ALLOC FREE ')
      .replaceAll(/\t402653184\t\d+\t\d+\t/g, '\t402653184\tALLOC\tFREE\t')
  const same = async (name: string, ...words: string[]) => {
    const said = short(host, await host.run('zpool', ...words))
    expect(rewritten(said, allocated)).toEqual(rewritten(await captured(name), allocated))
  }
  await same('zpool-list', 'list', 'tank')
  await same('zpool-list-Hp', 'list', '-Hp', 'tank')
  await same('zpool-list-Hp-cols', 'list', '-Hp', '-o', 'name,size,alloc,free,frag,cap,health', 'tank')
  await same('zpool-list-missing', 'list', '-Hp', 'nosuch')
  await same('zpool-status-x', 'status', '-x')
  // The name of the file is as long as the folder of the machine is: the columns move with it.
  const columns = (text: string) => text.replaceAll(/(NAME|tank|zp\.img) +(STATE|ONLINE)/g, '$1 $2')
  const status = short(host, await host.run('zpool', 'status', 'tank'))
  expect(rewritten(status, columns)).toEqual(rewritten(await captured('zpool-status'), columns))
})

test('zfs-rollback-busy, zfs-destroy-busy: a volume that a guest has open can be rolled back, but not destroyed', async () => {
  const host = await withClone()
  const text = guestConfig(host, {
    name: 'pvz',
    disk: `format=raw,vdev=xvda,access=rw,target=${host.root}/dev/zvol/tank/vm1`,
  })
  const config = text.replace(/kernel=.*\nramdisk=.*/, 'bootloader="pygrub"')
  await host.ok('xl', 'create', await writeConfig(host, 'pvz', config))
  expect(await host.run('zfs', 'rollback', '-r', 'tank/vm1@a')).toEqual(await captured('zfs-rollback-busy'))
  expect(await host.run('zfs', 'destroy', '-r', 'tank/vm1')).toEqual(await captured('zfs-destroy-busy'))
  await host.ok('xl', 'destroy', 'pvz')
  expect(await host.run('zfs', 'destroy', '-r', 'tank/vm1')).toEqual(await captured('xl-destroy-then-zfs-destroy'))
  expect(await host.run('zfs', 'list', 'tank/vm1')).toMatchObject({ exitCode: 1 })
})

test('zfs-promote: the clone takes the snapshot over, and its origin becomes a clone', async () => {
  const host = await withClone()
  await host.ok('zfs', 'destroy', '-r', 'tank/vm1')
  await host.ok('zfs', 'clone', 'tank/images/base@v1', 'tank/vm3')
  await host.ok('zfs', 'promote', 'tank/vm3')
  const tidy = (text: string) =>
    text.replaceAll(/ +[\d.]+[BKMG](?= |$)/gm, ' SIZE').replaceAll(/ +(USED|AVAIL|REFER|-)(?= )/g, ' $1')
  expect(rewritten(await host.run('zfs', 'list', '-t', 'all', '-r', 'tank'), tidy)).toEqual(
    rewritten(await captured('zfs-promote'), tidy),
  )
  expect(await host.ok('zfs', 'get', '-H', '-o', 'value', 'origin', 'tank/images/base')).toBe('tank/vm3@v1\n')
})

test('zfs-send-recv: what was received is listed like what was sent', async () => {
  const host = await withClone()
  const stream = await host.ok('zfs', 'send', 'tank/images/base@v1')
  const received = await callTool(toolNamed('zfs'), host.machine, ['recv', 'tank/copy'], stream)
  expect(received).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  const tidy = (text: string) =>
    text.replaceAll(/ +[\d.]+[BKMG](?= |$)/gm, ' SIZE').replaceAll(/ +(USED|AVAIL|REFER|-)(?= )/g, ' $1')
  expect(rewritten(await host.run('zfs', 'list', 'tank/copy'), tidy)).toEqual(
    rewritten(await captured('zfs-send-recv'), tidy),
  )
})
