import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ImageInspection } from '../../src/contract/image.ts'
import { parseJson } from '../../src/contract/parse.ts'
import { openFile } from '../../src/platform/files.ts'
import { slipway } from '../support/slipway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { someGuid, writeGpt } from './partition-file.ts'
import { superblocks } from './superblocks.ts'

const MiB = 1024 * 1024

async function inspect(bytes: Buffer, ...more: string[]) {
  const file = join(await temporaryFolder(), 'disk.img')
  await writeFile(file, bytes)
  return { file, ...(await slipway(['image', 'inspect', file, ...more])) }
}

function freebsdDisk(): Buffer {
  const disk = Buffer.alloc(2 * MiB, 0)
  writeGpt(disk, [
    { type: '83BD6B9D-7F41-11DC-BE0B-001560B84F0F', first: 40, last: 1063, name: 'bootfs' },
    { type: '516E7CB6-6ECF-11D6-8FF8-00022D09712B', first: 1064, last: 4000, name: 'rootfs\x1b[2J' },
  ])
  superblocks.ufs2?.write(disk.subarray(1064 * 512))
  return disk.fill(0x90, 0, 64)
}

test('a disk is shown to people: format, sizes, guest, partitions, and no control character of it', async () => {
  const { exitCode, stdout, stderr } = await inspect(freebsdDisk())
  expect([exitCode, stderr]).toEqual([0, ''])
  const lines = stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '))
  expect(lines).toEqual(
    expect.arrayContaining([
      'format raw',
      'virtual size 2.0 MiB (2097152 bytes)',
      'guest freebsd: partition 1 has the type FreeBSD boot',
      `partitions gpt ${someGuid}, sectors of 512 bytes`,
      '2 1064 1.4 MiB FreeBSD UFS rootfs\ufffd[2J ufs2 rootfs 5f00000100abcdef',
    ]),
  )
})

test('and to programs, in the form of the contract', async () => {
  const { exitCode, stdout } = await inspect(freebsdDisk(), '--json')
  expect(exitCode).toBe(0)
  expect(parseJson(ImageInspection, stdout, 'the inspection')).toMatchObject({
    format: 'raw',
    virtualSizeBytes: 2 * MiB,
    fileBytes: 2 * MiB,
    guest: { os: 'freebsd', firmware: 'bios' },
    partitionTable: { partitions: [{ number: 1 }, { number: 2, fileSystem: superblocks.ufs2?.found }] },
  })
})

test('a file that cannot be used, or is not there, is exit code 1 and one line with its path', async () => {
  const refused = await inspect(Buffer.from('KDMV'.padEnd(5000)))
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
  expect(refused.stderr).toBe(
    `slipway image inspect: ${refused.file} cannot be used: it is a file of the format VMDK, which is not read; convert it first, with \`qemu-img convert -O qcow2\`\n`,
  )
  const missing = await slipway(['image', 'inspect', '/nowhere.img'])
  expect([missing.exitCode, missing.stderr.split('\n').length]).toEqual([1, 2])
  expect(missing.stderr).toContain('cannot open /nowhere.img')
  const folder = await slipway(['image', 'inspect', '/tmp'])
  expect(folder.stderr).toBe('slipway image inspect: /tmp is not a plain file\n')
})

test('a wrong command line of a push is exit code 2', async () => {
  expect((await slipway(['image', 'push', 'debian', 'disk.raw'])).stderr).toContain('--version is missing')
  const wrong = await slipway(['image', 'push', 'debian', 'disk.raw', '--version', '1.0.0', '--architecture', 'vax'])
  expect([wrong.exitCode, wrong.stderr.split('\n')[0]]).toEqual([
    2,
    'slipway image push: --architecture takes amd64 or arm64, not "vax"',
  ])
})

test('a file that becomes shorter while it is read is told, with the place', async () => {
  const path = join(await temporaryFolder(), 'disk.img')
  await writeFile(path, Buffer.alloc(8192, 1))
  const file = await openFile(path)
  try {
    await truncate(path, 5000)
    expect(await file.read(904, 4096)).toHaveLength(4096)
    await expect(file.read(4096, 4096)).rejects.toMatchObject({
      code: 'input-invalid',
      message: `${path} ended at 5000 while it was read; has it changed?`,
    })
  } finally {
    await file.close()
  }
})
