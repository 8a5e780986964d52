import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { callTool, openTestMachine, type TestMachine, toolNamed } from '../machine.ts'

const MiB = 1024 * 1024

async function run(host: TestMachine, ...lines: string[]): Promise<void> {
  for (const line of lines) await host.ok('zfs', ...line.split(' '))
}

const device = (host: TestMachine, name: string) => `${host.root}/dev/zvol/${name}`

async function write(host: TestMachine, name: string, text: string): Promise<void> {
  const file = await open(device(host, name), 'r+')
  await file.write(text, 0)
  await file.close()
}

const start = async (host: TestMachine, name: string) => (await readFile(device(host, name))).subarray(0, 4).toString()
const value = async (host: TestMachine, name: string, property: string) =>
  (await host.ok('zfs', 'get', '-Hp', '-o', 'value', property, name)).trim()

test('a clone has the bytes of its snapshot, and what is written to it changes nothing else; a rollback brings them back', async () => {
  const host = await openTestMachine()
  await run(host, 'create -s -V 8M zroot/image')
  await write(host, 'zroot/image', 'base')
  await run(host, 'snapshot zroot/image@v1')
  await write(host, 'zroot/image', 'more')
  await run(host, 'clone zroot/image@v1 zroot/disk', 'snapshot zroot/disk@clean')
  expect(await start(host, 'zroot/disk')).toBe('base')
  const opened = await open(device(host, 'zroot/disk'))
  await write(host, 'zroot/disk', 'mine')
  expect(await start(host, 'zroot/image')).toBe('more')

  await run(host, 'rollback zroot/disk@clean')
  expect(await start(host, 'zroot/disk')).toBe('base')
  // Whoever has it open sees it too: that is what makes it dangerous.
  expect((await opened.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString()).toBe('base')
  await opened.close()
})

test('a volume is as large as volsize says, rounded up at its creation; it grows, and is cut off without a question', async () => {
  const host = await openTestMachine()
  await run(host, `create -s -V ${5 * MiB + 1} -o volmode=dev zroot/disk`)
  const size = async () => (await stat(device(host, 'zroot/disk'))).size
  expect(await size()).toBe(5 * MiB + 16_384)
  expect(await value(host, 'zroot/disk', 'volsize')).toBe(String(5 * MiB + 16_384))
  expect(await value(host, 'zroot/disk', 'volmode')).toBe('dev')
  await run(host, 'set volsize=9M zroot/disk')
  expect(await size()).toBe(9 * MiB)
  expect(await host.run('zfs', 'set', 'volsize=9437185', 'zroot/disk')).toMatchObject({
    exitCode: 1,
    stderr: "cannot set property for 'zroot/disk': volume size must be a multiple of volume block size (16K)\n",
  })
  await run(host, 'set volsize=1M zroot/disk')
  expect(await size()).toBe(MiB)
})

test('a volume takes what is written into it; its clone next to nothing, and its snapshot nothing until they differ', async () => {
  const host = await openTestMachine()
  await run(host, 'create -s -V 64M zroot/image')
  const empty = Number(await value(host, 'zroot/image', 'used'))
  await writeFile(device(host, 'zroot/image'), Buffer.alloc(4 * MiB, 1), { flag: 'r+' })
  const full = Number(await value(host, 'zroot/image', 'used'))
  expect(full - empty).toBeGreaterThanOrEqual(4 * MiB)
  const before = Number(await value(host, 'zroot', 'available'))
  await run(host, 'snapshot zroot/image@v1', 'clone zroot/image@v1 zroot/disk')
  expect(Number(await value(host, 'zroot/disk', 'used'))).toBeLessThan(MiB)
  expect(Number(await value(host, 'zroot/disk', 'referenced'))).toBe(full)
  expect(await value(host, 'zroot/image@v1', 'used')).toBe('0')
  expect(before - Number(await value(host, 'zroot', 'available'))).toBeLessThan(MiB)
})

test('without -s the whole size is reserved, and refused when it is not there; a quota is a limit too', async () => {
  const host = await openTestMachine({ poolBytes: 8 * 1024 * MiB })
  expect(await host.run('zfs', 'create', '-V', '6G', 'zroot/disk')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: "cannot create 'zroot/disk': out of space\n",
  })
  await run(host, 'create zroot/small', 'set quota=1G zroot/small')
  expect(await host.run('zfs', 'create', '-V', '2G', 'zroot/small/disk')).toMatchObject({ exitCode: 1 })
  await run(host, 'create -V 512M zroot/small/disk')
  expect(Number(await value(host, 'zroot/small', 'available'))).toBeLessThan(512 * MiB)
})

test('several snapshots are taken at one moment, or none of them', async () => {
  const host = await openTestMachine()
  await run(host, 'create -s -V 1M zroot/a', 'create -s -V 1M zroot/b', 'snapshot zroot/b@s')
  expect(await host.run('zfs', 'snapshot', 'zroot/a@s', 'zroot/b@s')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: "cannot create snapshot 'zroot/b@s': dataset already exists\nno snapshots were created\n",
  })
  expect(await host.run('zfs', 'list', 'zroot/a@s')).toMatchObject({ exitCode: 1 })
  await run(host, 'snapshot -o org.example:memory=yes zroot/a@t zroot/b@t')
  const rows = await host.ok(
    'zfs',
    'list',
    '-Hp',
    '-t',
    'snapshot',
    '-o',
    'name,createtxg,org.example:memory',
    'zroot/a',
    'zroot/b',
  )
  const [a, , b] = rows
    .trim()
    .split('\n')
    .map((row) => row.split('\t'))
  expect([a?.[0], a?.[2], b?.[0], b?.[2]]).toEqual(['zroot/a@t', 'yes', 'zroot/b@t', 'yes'])
  expect(a?.[1]).toBe(b?.[1])
})

test('a hold keeps a snapshot from being destroyed', async () => {
  const host = await openTestMachine()
  await run(host, 'create -s -V 1M zroot/a', 'snapshot zroot/a@s', 'hold image zroot/a@s')
  expect(await host.run('zfs', 'hold', 'image', 'zroot/a@s')).toMatchObject({
    stderr: "cannot hold snapshot 'zroot/a@s': tag already exists on this dataset\n",
  })
  expect(await host.ok('zfs', 'holds', '-Hp', 'zroot/a@s')).toBe('zroot/a@s\timage\t1767323045\n')
  expect(await host.run('zfs', 'destroy', '-r', 'zroot/a')).toMatchObject({
    exitCode: 1,
    stderr: "cannot destroy snapshot zroot/a@s: it's being held. Run 'zfs holds -r zroot/a@s' to see holders.\n",
  })
  await run(host, 'release image zroot/a@s', 'destroy -r zroot/a')
  expect(await host.run('zfs', 'release', 'image', 'zroot/a@s')).toMatchObject({ exitCode: 1 })
})

test('a tree is renamed with its devices; user properties are inherited, and told with where they come from', async () => {
  const host = await openTestMachine()
  await run(host, 'create -p -o mountpoint=none -o org.example:owner=us zroot/x/y', 'create -s -V 1M zroot/x/y/disk')
  await run(host, 'rename zroot/x/y zroot/x/z')
  await expect(stat(device(host, 'zroot/x/y/disk'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect((await stat(device(host, 'zroot/x/z/disk'))).size).toBe(MiB)
  expect(await host.ok('zfs', 'get', '-Hp', '-o', 'value,source', 'org.example:owner', 'zroot/x/z/disk')).toBe(
    'us\tinherited from zroot/x/z\n',
  )
  expect(await host.ok('zfs', 'get', '-Hp', '-s', 'local', 'org.example:owner', 'zroot/x/z/disk')).toBe('')
  await run(host, 'inherit org.example:owner zroot/x/z')
  expect(await value(host, 'zroot/x/z/disk', 'org.example:owner')).toBe('-')
})

test.each([
  ['create zroot/a/b', 1, "cannot create 'zroot/a/b': parent does not exist\n"],
  ['create nope/a', 1, "cannot create 'nope/a': no such pool 'nope'\n"],
  ['create -V 1M zroot/v/w', 1, "cannot create 'zroot/v/w': parent is not a filesystem\n"],
  ['set used=1 zroot/v', 1, "cannot set property for 'zroot/v': 'used' is readonly\n"],
  ['promote zroot/v', 1, "cannot promote 'zroot/v': not a cloned filesystem\n"],
  ['destroy zroot/v@nope', 1, 'could not find any snapshots to destroy; check snapshot names.\n'],
])('zfs %s is exit %i', async (words, exitCode, stderr) => {
  const host = await openTestMachine()
  await run(host, 'create -s -V 1M zroot/v')
  expect(await host.run('zfs', ...words.split(' '))).toEqual({ exitCode, stdout: '', stderr })
})

test('an incremental stream goes on where the last one ended, and nowhere else', async () => {
  const host = await openTestMachine()
  const receive = (stream: string) => callTool(toolNamed('zfs'), host.machine, ['receive', '-u', 'zroot/copy'], stream)
  await run(host, 'create -s -V 1M zroot/a', 'snapshot zroot/a@1')
  await write(host, 'zroot/a', 'next')
  await run(host, 'snapshot zroot/a@2')
  const first = await host.ok('zfs', 'send', 'zroot/a@1')
  const second = await host.ok('zfs', 'send', '-i', '@1', 'zroot/a@2')
  expect(await receive(second)).toMatchObject({ exitCode: 1 })
  expect(await receive(first)).toMatchObject({ exitCode: 0 })
  expect(await receive(first)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('must specify -F') })
  expect(await receive(second)).toMatchObject({ exitCode: 0 })
  expect(await start(host, 'zroot/copy')).toBe('next')
})
