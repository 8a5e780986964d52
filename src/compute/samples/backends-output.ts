/** A disk that the kernel serves to a guest. */
export interface DiskBackend {
  /** The number in the names of the device: xbbd3, xbb3, xbbi3. */
  unit: number
  domid: number
  /** As the guest knows it: 51712 is xvda. */
  number: number
  /** How often there was no room for a request. */
  shortages: number | undefined
}

/**
 * Reads `sysctl dev.xbbd`: whose disk each of the kernel's backends serves. Of the many lines of a unit two are of use: its place in xenstore,
 * `backend/vbd/<domid>/<number>`, and how often it ran out of requests.
 */
export function readBackends(text: string): { backends: DiskBackend[]; unread: string[] } {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, unit, name, value] = /^dev\.xbbd\.(\d+)\.(xenstore_path|request_shortages): (.*)$/.exec(line) ?? []
    if (unit !== undefined) values.set(`${unit}.${name}`, value ?? '')
  }
  const backends: DiskBackend[] = []
  const unread: string[] = []
  for (const [key, path] of values) {
    const [unit = '', name] = key.split('.')
    if (name !== 'xenstore_path') continue
    const [, domid, number] = /(?:^|\/)backend\/vbd\/(\d+)\/(\d+)$/.exec(path) ?? []
    const shortages = values.get(`${unit}.request_shortages`)
    if (domid === undefined) unread.push(`dev.xbbd.${unit}.xenstore_path: ${path}`)
    else
      backends.push({
        unit: Number(unit),
        domid: Number(domid),
        number: Number(number),
        shortages: shortages !== undefined && /^\d+$/.test(shortages) ? Number(shortages) : undefined,
      })
  }
  return { backends, unread }
}
