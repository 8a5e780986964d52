import { stat } from 'node:fs/promises'
import { type DiskSpec, deviceNumber, diskIndex } from './disk-spec.ts'
import type { AttachedDisk } from './domain.ts'
import { libxlError } from './libxl-errors.ts'

/**
 * Finds the backend of a disk, as libxl does before a domain is built. Answers what is wrong with it, in libxl's words, when something is.
 * `drive`: an emulated CD drive, which qemu serves.
 */
export async function chooseBackend(spec: DiskSpec): Promise<AttachedDisk | string> {
  const place = (line: number) => `libxl_device.c:${line}:libxl__device_disk_set_backend`
  const number = deviceNumber(spec.vdev)
  if (number === undefined)
    return libxlError(
      'libxl_disk.c:350:libxl__device_from_disk',
      undefined,
      `Invalid or unsupported virtual disk identifier ${spec.vdev}`,
    )
  if (spec.format !== 'empty') {
    const problem = await stat(spec.path).then(
      () => undefined,
      () => `Disk vdev=${spec.vdev} failed to stat: ${spec.path}: No such file or directory`,
    )
    if (problem !== undefined) return libxlError(place(455), undefined, problem)
  }
  const plain = spec.format === 'raw' && !spec.cdrom
  const backend = spec.backend ?? (plain ? 'phy' : 'qdisk')
  if ((backend === 'phy' && spec.format !== 'raw') || (backend !== 'phy' && backend !== 'qdisk'))
    return libxlError(place(467), undefined, `no suitable backend for disk ${spec.vdev}`)
  return { spec, number, backend, connected: true, attachedAtMs: 0 }
}

/** The backend opens its disk. Answers what is wrong, when something is. */
export async function connectDisk(domid: number, disk: AttachedDisk): Promise<string[] | undefined> {
  if (disk.backend !== 'phy') return undefined
  const size = await stat(disk.spec.path).then(
    ({ size }) => size,
    () => 0,
  )
  // blkback of FreeBSD counts in sectors and takes no part of one.
  if (size % 512 === 0) return undefined
  return [
    libxlError(
      'libxl_device.c:1111:device_backend_callback',
      domid,
      `unable to add device with path /local/domain/0/backend/vbd/${domid}/${disk.number}`,
    ),
    libxlError('libxl_create.c:1862:domcreate_launch_dm', domid, 'unable to add disk devices'),
  ]
}

/** The first disks of an HVM guest are IDE disks too, which are never read-only. */
export function readOnlyIde(disks: readonly AttachedDisk[]): boolean {
  return disks.some(({ spec }) => !spec.readWrite && !spec.cdrom && diskIndex(spec.vdev) < 4)
}
