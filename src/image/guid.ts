/** A GUID as it stands on disks, its first three parts little endian, in capitals. */
export function mixedGuid(bytes: Buffer, at: number): string {
  const part = (from: number, to: number, swap: boolean) => {
    const slice = Buffer.from(bytes.subarray(at + from, at + to))
    return (swap ? slice.reverse() : slice).toString('hex').toUpperCase()
  }
  return [part(0, 4, true), part(4, 6, true), part(6, 8, true), part(8, 10, false), part(10, 16, false)].join('-')
}

/** A UUID whose bytes stand in the order in which it is written. */
export function uuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
