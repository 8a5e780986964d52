import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const sectorBytes = 512
/** Sector 0 is the image's. */
const countSector = 8

/**
 * Counts a boot on a guest's disk. Answers the first line of the disk and the count: "debian boots=1". Synchronous, as nobody comes between a
 * guest and its disk. @throws Error when the disk cannot be written
 */
export function countBoot(path: string): string {
  const file = openSync(path, 'r+')
  try {
    const lineAt = (sector: number): string => {
      const bytes = Buffer.alloc(sectorBytes)
      readSync(file, bytes, 0, sectorBytes, sector * sectorBytes)
      return bytes.toString().split(/[\0\n]/, 1)[0] as string
    }
    const boots = Number(/^boots=(\d+)/.exec(lineAt(countSector))?.[1] ?? 0) + 1
    writeSync(file, `boots=${boots}`.padEnd(sectorBytes - 1).concat('\n'), countSector * sectorBytes)
    return `${lineAt(0)} boots=${boots}`
  } finally {
    closeSync(file)
  }
}
