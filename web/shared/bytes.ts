const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "0 B", "999 B", "1.4 MiB", "512 MiB": three digits at least, in powers of 1,024. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
