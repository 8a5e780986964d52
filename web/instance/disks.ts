import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'

export interface DiskRow {
  device: string
  what: string
  /** What follows is unknown until the host has made the disk. */
  sizeBytes: number | undefined
  usedBytes: number | undefined
  backend: string | undefined
}

/** The disks that an instance should have, then those that its host gives it besides (the seed). */
export function diskRows({ diskBytes, image, volumes, status }: CloudInstanceDetail): DiskRow[] {
  const wanted = [
    { device: 'xvda', what: image ? `${image.name} ${image.version}` : 'first disk', sizeBytes: diskBytes },
    ...volumes.map(({ name, device, readOnly }) => ({
      device,
      what: `volume ${name}${readOnly ? ', read only' : ''}`,
      sizeBytes: undefined,
    })),
  ]
  const told = status?.disks ?? []
  const others = told
    .filter(({ device }) => !wanted.some((one) => one.device === device))
    .map(({ device }) => ({ device, what: device === 'xvde' ? 'instance data' : 'not wanted', sizeBytes: undefined }))
  return [...wanted, ...others].map(({ device, what, sizeBytes }) => {
    const disk = told.find((one) => one.device === device)
    return { device, what, sizeBytes: disk?.sizeBytes ?? sizeBytes, usedBytes: disk?.usedBytes, backend: disk?.backend }
  })
}
