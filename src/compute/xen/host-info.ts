/** `xl info`: facts of the hypervisor by their names. */
export type HostInfo = ReadonlyMap<string, string>

export function readHostInfo(text: string): HostInfo {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()]]
    }),
  )
}

/** A fact that is a whole number; undefined when it is not there, or is none. */
export function numberOf(info: HostInfo, key: string): number | undefined {
  const text = info.get(key)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
