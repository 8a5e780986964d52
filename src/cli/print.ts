/** Prints a line on stdout. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Prints a line on stderr: for what is not the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Prints rows in columns; the heads are the keys of the first argument, each with how to get its text. */
export function printTable<T>(columns: Readonly<Record<string, (row: T) => string>>, rows: readonly T[]): void {
  const heads = Object.keys(columns)
  const table = [heads, ...rows.map((row) => heads.map((head) => oneLine(columns[head]?.(row) ?? '')))]
  const widths = heads.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  for (const cells of table)
    print(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** A text of several lines, like the reasons of a check, as one. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ')
}

/** "3 min ago", for people. */
export function ago(timestamp: string | null, now = new Date()): string {
  return timestamp === null ? 'never' : `${span(timestamp, now)} ago`
}

/** How long it is since then: "3 min" */
export function span(timestamp: string, now = new Date()): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(timestamp)) / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** "1 vcpu", "2 vcpus" */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** "12.3 MiB" */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10))
  return `${power === 0 ? Math.round(count) : (count / 1024 ** power).toFixed(1)} ${units[power]}`
}
