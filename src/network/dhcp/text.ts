import { AppError } from '../../contract/errors.ts'

/**
 * The lines of a file that dnsmasq reads. What has passed the contract fits; this is the second lock, as a line break in a value would be another order.
 * @throws AppError input-invalid for a line with a character that no MAC, address, name or path has
 */
export function textOf(lines: readonly string[]): string {
  for (const line of lines)
    if (!/^[\w.:,=/!@[\] -]+$/.test(line))
      throw new AppError(
        'input-invalid',
        `dnsmasq is not told ${JSON.stringify(line)}, which no name or address looks like`,
      )
  return lines.map((line) => `${line}\n`).join('')
}
