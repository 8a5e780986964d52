/** What a device has done since it came. */
export interface DeviceCounters {
  reads: number
  writes: number
  readBytes: number
  writtenBytes: number
  /** How long its requests took, one behind the other, flushes too. */
  requestSeconds: number
}

const title = /^\s*extended device statistics\s*$/
const headings = 'device r/i w/i kr/i kw/i qlen tsvc_t/i sb/i'
const row =
  /^(?<device>\S+) +(?<reads>\d+\.\d) +(?<writes>\d+\.\d) +(?<read>\d+\.\d) +(?<written>\d+\.\d) +\d+ +(?<seconds>\d+\.\d) +\d+\.\d *$/

/**
 * Reads `iostat -I -x`: totals by device, kilobytes with a tenth. Under headings that are others than these, no row is read.
 */
export function readIostat(text: string): { devices: ReadonlyMap<string, DeviceCounters>; unread: string[] } {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !title.test(line))
  if (lines[0]?.trim().replaceAll(/ +/g, ' ') !== headings) return { devices: new Map(), unread: lines }
  const devices = new Map<string, DeviceCounters>()
  const unread: string[] = []
  for (const line of lines.slice(1)) {
    const { device, reads, writes, read, written, seconds } = row.exec(line)?.groups ?? {}
    if (device === undefined) unread.push(line)
    else
      devices.set(device, {
        reads: Number(reads),
        writes: Number(writes),
        readBytes: Math.round(Number(read) * 1024),
        writtenBytes: Math.round(Number(written) * 1024),
        requestSeconds: Number(seconds),
      })
  }
  return { devices, unread }
}
