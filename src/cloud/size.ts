const units: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** The bytes of a Size ("1.5GiB"), in whole MiB: what is beyond is cut off. */
export function sizeBytes(size: string): number {
  const [, amount = '', unit = ''] = /^([0-9.]+)([A-Za-z]+)$/.exec(size) ?? []
  return Math.floor((Number(amount) * (units[unit] ?? Number.NaN)) / 2 ** 20) * 2 ** 20
}

/** "1.5 GiB", for people; what has no whole tenth is told in the next smaller unit. */
export function sizeText(bytes: number): string {
  const unit = ['TiB', 'GiB', 'MiB'].find((name) => {
    const tenths = (bytes / (units[name] ?? 1)) * 10
    return Math.abs(bytes) >= (units[name] ?? 1) && Number.isInteger(tenths)
  })
  return unit === undefined ? `${Math.round(bytes / 2 ** 20)} MiB` : `${bytes / (units[unit] ?? 1)} ${unit}`
}

/** "1.5 GiB", to the nearest tenth. */
export function roundSizeText(bytes: number): string {
  const unit = ['TiB', 'GiB'].find((name) => Math.abs(bytes) >= (units[name] ?? 1)) ?? 'MiB'
  return `${(bytes / (units[unit] ?? 1)).toFixed(unit === 'MiB' ? 0 : 1)} ${unit}`
}
