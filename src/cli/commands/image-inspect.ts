import { AppError, isAppError } from '../../contract/errors.ts'
import type { ImageInspection, Partition } from '../../contract/image.ts'
import type { Disk } from '../../image/disk.ts'
import { inspectDisk } from '../../image/inspect.ts'
import { openDisk } from '../../image/open-disk.ts'
import { decompress } from '../../platform/decompress.ts'
import { openFile } from '../../platform/files.ts'
import type { Command } from '../command.ts'
import { bytes, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'FILE',
  about:
    'Reads raw and QCOW2 images, as they are, without root and without attaching them to anything. Only headers, tables and superblocks are read.',
  examples: ['slipway image inspect FreeBSD-15.1-RELEASE-amd64-ufs.qcow2', 'slipway image inspect debian.raw --json'],
  options: {},
  words: [1, 1],
  async run({ words: [path = ''], json }) {
    const inspection = await withImage(path, async (_disk, inspection) => inspection)
    if (json) printJson(inspection)
    else show(inspection)
    return 0
  },
}

/**
 * Opens an image for as long as `use` runs, with all that is told about it.
 * @throws AppError input-invalid (there is no such file), image-refused with the path
 */
export async function withImage<T>(
  path: string,
  use: (disk: Disk, inspection: ImageInspection) => Promise<T>,
): Promise<T> {
  const file = await openFile(path)
  try {
    const disk = await openDisk(file, decompress)
    const { sizeBytes: fileBytes, allocatedBytes } = file
    return await use(disk, { ...(await inspectDisk(disk)), fileBytes, allocatedBytes })
  } catch (cause) {
    if (!isAppError(cause, 'image-refused')) throw cause
    throw new AppError('image-refused', `${path} cannot be used: ${cause.message}`, { cause })
  } finally {
    await file.close()
  }
}

function show({ partitionTable: table, fileSystem, guest, ...image }: ImageInspection): void {
  print(`format        ${image.format}`)
  print(`virtual size  ${bytes(image.virtualSizeBytes)} (${image.virtualSizeBytes} bytes)`)
  print(`on disk       ${bytes(image.allocatedBytes)}, in a file of ${bytes(image.fileBytes)}`)
  print(`guest         ${guest.os}: ${guest.osReason}`)
  print(`firmware      ${guest.firmware}: ${guest.firmwareReason}`)
  if (fileSystem)
    print(`file system   ${[fileSystem.type, fileSystem.label, fileSystem.uuid].filter(Boolean).join('  ')}`)
  if (!table) {
    print('partitions    none')
    return
  }
  print(`partitions    ${table.scheme} ${table.id}, sectors of ${table.sectorBytes} bytes`)
  for (const warning of table.warnings) print(`warning       ${warning}`)
  print()
  printTable<Partition>(
    {
      '#': ({ number }) => String(number),
      START: ({ startBytes }) => String(startBytes / table.sectorBytes),
      SIZE: ({ sizeBytes }) => bytes(sizeBytes),
      TYPE: ({ type, typeName }) => (typeName === 'unknown' ? type : typeName),
      NAME: ({ name }) => visible(name),
      'FILE SYSTEM': (partition) => partition.fileSystem?.type ?? '-',
      LABEL: (partition) => visible(partition.fileSystem?.label),
      UUID: (partition) => visible(partition.fileSystem?.uuid),
    },
    table.partitions,
  )
}

/** What the maker of an image wrote may hold anything; a terminal gets no control characters of it. */
function visible(text = '-'): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd')
}
