import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packDisk } from '../../src/artifact/pack-disk.ts'
import { type FileSystem, ImageInspection, type Partition } from '../../src/contract/image.ts'
import { parseJson } from '../../src/contract/parse.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { openFile } from '../../src/platform/files.ts'
import { slipway } from '../support/slipway.ts'

const MiB = 1024 * 1024
/** One of the disks has 10 GiB: its bytes go through sha256 twice. */
const timeoutMs = 600_000
let folder: string
const at = (name: string) => join(folder, name)

/** Rejects when the program is not there or fails: a missing tool is a failure, not a skip. */
async function run(program: string, ...args: string[]): Promise<string> {
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  return (await promisify(execFile)(program, args, { env })).stdout
}

async function sparseFile(name: string, mebibytes: number): Promise<string> {
  await writeFile(at(name), '')
  await truncate(at(name), mebibytes * MiB)
  return at(name)
}

/** sfdisk reads what to do from its standard input. */
async function partition(disk: string, ...lines: string[]): Promise<void> {
  await writeFile(at('script'), `${lines.join('\n')}\n`)
  await run('sh', '-c', 'exec sfdisk --quiet --no-reread "$1" <"$2"', 'sh', disk, at('script'))
}

/** Makes a file system in a file of its own, and puts it at its place on the disk. */
async function fileSystemAt(disk: string, startMiB: number, sizeMiB: number, program: string, ...options: string[]) {
  const part = await sparseFile('part', sizeMiB)
  await run(program, ...options, part)
  await run('dd', `if=${part}`, `of=${disk}`, 'bs=1M', `seek=${startMiB}`, 'conv=notrunc,sparse', 'status=none')
}

async function writeAt(path: string, offset: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, offset)
  await file.close()
}

const convert = (from: string, to: string, ...options: string[]) =>
  run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', ...options, at(from), at(to))

/** Ten images, in the order in which they can be made. */
const images: Readonly<Record<string, () => Promise<unknown>>> = {
  'gpt.raw': async () => {
    const disk = await sparseFile('gpt.raw', 256)
    await partition(
      disk,
      'label: gpt',
      'start=1MiB, size=40MiB, type=uefi, name="EFI system"',
      'size=100MiB, type=linux, name=wurzel-ä, attrs=LegacyBIOSBootable',
      'size=20MiB, type=swap',
      'size=8MiB, type=516E7CB5-6ECF-11D6-8FF8-00022D09712B',
    )
    await fileSystemAt(disk, 1, 40, 'mkfs.vfat', '-n', 'ESP')
    await fileSystemAt(disk, 41, 100, 'mkfs.ext4', '-q', '-L', 'root')
    await fileSystemAt(disk, 141, 20, 'mkswap', '-L', 'swap')
    await writeAt(disk, 60 * MiB + 12_345, randomBytes(3 * MiB))
  },
  'mbr.raw': async () => {
    const disk = await sparseFile('mbr.raw', 128)
    await partition(
      disk,
      'label: dos',
      'label-id: 0x1a2b3c4d',
      'start=1MiB, size=16MiB, type=e, bootable',
      'size=100MiB, type=f',
      'start=18MiB, size=8MiB, type=83',
      'start=30MiB, size=8MiB, type=83',
      'start=40MiB, size=4MiB, type=a5',
    )
    await fileSystemAt(disk, 1, 16, 'mkfs.vfat', '-F', '16', '-n', 'DOS')
    await fileSystemAt(disk, 18, 8, 'mkfs.ext2', '-q', '-L', 'two')
    await fileSystemAt(disk, 30, 8, 'mkfs.ext3', '-q', '-L', 'three')
  },
  'many.raw': async () => {
    const disk = await sparseFile('many.raw', 800)
    await run('sgdisk', '-n', '3:2048:+200M', '-t', '3:8300', '-c', '3:data', '-n', '7:0:+400M', '-t', '7:8304', disk)
    await fileSystemAt(disk, 1, 200, 'mkfs.btrfs', '-q', '-L', 'pool')
    await fileSystemAt(disk, 201, 400, 'mkfs.xfs', '-q', '-L', 'large')
  },
  'fat32.raw': () => sparseFile('fat32.raw', 64).then((disk) => run('mkfs.vfat', '-F', '32', '-n', 'SEED', disk)),
  'v2.qcow2': () => convert('gpt.raw', 'v2.qcow2', '-o', 'compat=0.10'),
  'v3.qcow2': () => convert('mbr.raw', 'v3.qcow2', '-o', 'compat=1.1,cluster_size=4096,lazy_refcounts=on'),
  'deflate.qcow2': () => convert('gpt.raw', 'deflate.qcow2', '-c'),
  'zstd.qcow2': () => convert('gpt.raw', 'zstd.qcow2', '-c', '-o', 'compression_type=zstd,cluster_size=256k'),
  'snapshot.qcow2': async () => {
    await convert('gpt.raw', 'snapshot.qcow2')
    await run('qemu-img', 'snapshot', '-c', 'before', at('snapshot.qcow2'))
    const change = ['-c', 'write -P 7 70M 5M', '-c', 'write -z 62M 1M', '-c', 'discard 100M 2M']
    await run('qemu-io', '-f', 'qcow2', ...change, at('snapshot.qcow2'))
  },
  'sparse.qcow2': async () => {
    const disk = await sparseFile('sparse.raw', 10 * 1024)
    await partition(disk, 'label: gpt', 'start=1MiB, type=linux')
    await writeAt(disk, 9_000 * MiB + 1, randomBytes(100_000))
    await convert('sparse.raw', 'sparse.qcow2')
  },
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-'))
  for (const make of Object.values(images)) await make()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function inspect(path: string): Promise<ImageInspection> {
  const { exitCode, stdout, stderr } = await slipway(['image', 'inspect', path, '--json'])
  expect([exitCode, stderr]).toEqual([0, ''])
  return parseJson(ImageInspection, stdout, path)
}

/** The sha256 of a disk as our reader gives it, zero extents without reading. */
async function digestOfDisk(path: string): Promise<string> {
  const file = await openFile(path)
  const hash = createHash('sha256')
  const zeros = Buffer.alloc(8 * MiB)
  try {
    const disk = await openDisk(file, decompress)
    for await (const { offset, length, zero } of disk.extents())
      for (let done = 0; done < length; ) {
        const count = Math.min(zeros.length, length - done)
        hash.update(zero ? zeros.subarray(0, count) : await disk.read(offset + done, count))
        done += count
      }
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

/** What blkid says of a stretch of a file, in our words. */
async function blkid(path: string, offset: number, size: number): Promise<FileSystem | undefined> {
  const where = ['--offset', String(offset), '--size', String(size)]
  const text = await run(
    'blkid',
    '--probe',
    '--usages',
    'filesystem,other',
    '--output',
    'export',
    ...where,
    path,
  ).catch((error) => {
    // Nothing was recognised.
    if (error.code === 2) return ''
    throw error
  })
  const facts = new Map(text.split('\n').map((line) => line.split('=', 2) as [string, string]))
  const type = facts.get('TYPE') === 'vfat' ? facts.get('VERSION')?.toLowerCase() : facts.get('TYPE')
  const [label, uuid] = [facts.get('LABEL'), facts.get('UUID')]
  return type ? { type, ...(label ? { label } : {}), ...(uuid ? { uuid } : {}) } : undefined
}

describe.each(Object.keys(images))('%s', (name) => {
  test('format and sizes are those of qemu-img info', async () => {
    const theirs = JSON.parse(await run('qemu-img', 'info', '--output=json', at(name)))
    const ours = await inspect(at(name))
    expect([ours.format, ours.virtualSizeBytes, ours.allocatedBytes]).toEqual([
      theirs.format,
      theirs['virtual-size'],
      theirs['actual-size'],
    ])
    expect(ours.fileBytes).toBe((await stat(at(name))).size)
  })

  test(
    'the disk is that of qemu-img convert, byte for byte, and its partitions and file systems are those of sfdisk and blkid',
    async () => {
      const raw = at('converted')
      await run('qemu-img', 'convert', '-O', 'raw', at(name), raw)
      const [ours, theirs] = await Promise.all([digestOfDisk(at(name)), run('sha256sum', raw)])
      expect(ours).toBe(theirs.split(' ')[0])

      const { partitionTable, fileSystem } = await inspect(at(name))
      if (!partitionTable) {
        expect(fileSystem).toEqual(await blkid(raw, 0, (await stat(raw)).size))
        expect(JSON.parse(await run('sfdisk', '--json', raw)).partitiontable.partitions).toBeUndefined()
        return
      }
      const { partitiontable: table } = JSON.parse(await run('sfdisk', '--json', raw))
      expect(partitionTable).toMatchObject({
        scheme: table.label === 'dos' ? 'mbr' : table.label,
        id: table.id,
        sectorBytes: table.sectorsize,
        warnings: [],
      })
      expect(partitionTable.partitions.map(asSfdisk)).toEqual(
        table.partitions.map((one: Record<string, unknown>) => ({
          ...one,
          node: Number(String(one.node).slice(raw.length)),
        })),
      )
      for (const part of partitionTable.partitions)
        if (part.type !== '0x0f') expect(part.fileSystem).toEqual(await blkid(raw, part.startBytes, part.sizeBytes))
    },
    timeoutMs,
  )
})

/** A partition of ours as `sfdisk --json` would say it. */
function asSfdisk({ number, startBytes, sizeBytes, type, name, uuid, bootable }: Partition) {
  const legacy = uuid === undefined ? { bootable: true } : { attrs: 'LegacyBIOSBootable' }
  return {
    node: number,
    start: startBytes / 512,
    size: sizeBytes / 512,
    type: type.startsWith('0x') ? type.slice(2).replace(/^0/, '') : type,
    ...(uuid === undefined ? {} : { uuid }),
    ...(name === undefined ? {} : { name }),
    ...(bootable ? legacy : {}),
  }
}

test(
  'the layer of a disk is unpacked by the zstd command to the very disk, and is small where the disk is empty',
  async () => {
    for (const [name, raw, mostBytes] of [
      ['gpt.raw', 'gpt.raw', 4 * MiB],
      ['deflate.qcow2', 'gpt.raw', 4 * MiB],
      ['sparse.qcow2', 'sparse.raw', MiB],
    ] as const) {
      const file = await openFile(at(name))
      const layer = await open(at('layer'), 'w')
      await layer.writeFile(packDisk(await openDisk(file, decompress), {}))
      await layer.close()
      await file.close()
      expect((await stat(at('layer'))).size).toBeLessThan(mostBytes)
      await run('sh', '-c', 'zstd -qdc "$1" | cmp - "$2"', 'sh', at('layer'), at(raw))
    }
  },
  timeoutMs,
)

test('what qemu-img makes of other formats is refused by name, and so is a change to a backing file', async () => {
  for (const [format, name] of [
    ['vmdk', 'VMDK'],
    ['vpc', 'VHD'],
    ['vhdx', 'VHDX'],
    ['vdi', 'VDI'],
    ['qed', 'QED'],
    ['qcow', 'QCOW'],
  ] as const) {
    await run('qemu-img', 'convert', '-O', format, at('fat32.raw'), at('foreign'))
    const { exitCode, stderr } = await slipway(['image', 'inspect', at('foreign')])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`it is a file of the format ${name}, `)])
  }
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', at('gpt.raw'), at('overlay'))
  expect((await slipway(['image', 'inspect', at('overlay')])).stderr).toContain(`the backing file "${at('gpt.raw')}"`)
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on', at('extended'), '10M')
  expect((await slipway(['image', 'inspect', at('extended')])).stderr).toContain('has extended L2 entries')
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data')}`, at('external'), '10M')
  expect((await slipway(['image', 'inspect', at('external')])).stderr).toContain('keeps its data in another file')
})
