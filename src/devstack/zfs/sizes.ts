/** As zfs shows sizes to people: at most five characters, "1.21M", "255M", "0B". */
export function humanize(bytes: number): string {
  const letters = ['B', 'K', 'M', 'G', 'T', 'P']
  let at = 0
  while (bytes >= 1024 ** (at + 1) && at < letters.length - 1) at++
  const value = bytes / 1024 ** at
  if (Number.isInteger(value)) return `${value}${letters[at]}`
  const fits = [2, 1, 0].map((digits) => `${value.toFixed(digits)}${letters[at]}`).find((text) => text.length <= 5)
  return fits ?? `${Math.round(value)}${letters[at]}`
}

/** "20G", "1048576", "1.5m" in bytes; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const parts = /^([0-9]+(?:\.[0-9]+)?)([bkmgtp]?)(?:i?b)?$/i.exec(text)
  if (!parts) return undefined
  const power = Math.max(0, 'bkmgtp'.indexOf((parts[2] ?? '').toLowerCase() || 'b'))
  return Math.round(Number(parts[1]) * 1024 ** power)
}
