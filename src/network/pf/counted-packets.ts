/** What a line of pfctl's listings of tables and of interfaces has counted. */
export interface CountedPackets {
  /** "In/Block", "Out6/Pass" */
  name: string
  packets: number
  bytes: number
}

const line = /^\t(\S+): +\[ Packets: (\d+) +Bytes: (\d+) *\]$/

/** `<TAB>In/Pass:     [ Packets: 3                  Bytes: 252                ]`; undefined for a line of another form. */
export function readCountedPackets(text: string): CountedPackets | undefined {
  const [, name, packets, bytes] = line.exec(text) ?? []
  return name === undefined ? undefined : { name, packets: Number(packets), bytes: Number(bytes) }
}
