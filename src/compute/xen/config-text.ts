import { AppError } from '../../contract/errors.ts'

/** What a key of an xl configuration can have. Booleans are 0 and 1 there. */
export type ConfigValue = number | string | readonly string[]

/**
 * The text of an xl configuration file. The grammar is small (libxlu_cfg): a key, a value, a line; strings in quotes with escapes, lists in
 * brackets. xl ignores keys that it does not know without a word, so callers pass a typed model, never keys of their own.
 * @throws AppError input-invalid for a key or a value that the grammar cannot carry
 */
export function configText(entries: Readonly<Record<string, ConfigValue | undefined>>): string {
  return Object.entries(entries)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${checkKey(key)} = ${valueText(key, value)}\n`]))
    .join('')
}

function valueText(key: string, value: ConfigValue): string {
  if (typeof value === 'string') return quote(key, value)
  if (typeof value !== 'number') return `[ ${value.map((item) => quote(key, item)).join(', ')} ]`
  if (Number.isSafeInteger(value) && value >= 0) return String(value)
  throw new AppError('input-invalid', `${key} of the guest's configuration is ${value}, which is no whole number`)
}

function checkKey(key: string): string {
  if (/^[a-z][._0-9a-z]*$/.test(key)) return key
  throw new AppError('input-invalid', `${JSON.stringify(key)} is no key of an xl configuration`)
}

/** The only escapes are those of the quote and of the backslash: an octal one is read in base ten, an unknown one is a syntax error. */
function quote(key: string, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const control = /[\x00-\x1f\x7f]/.exec(text)
  if (control)
    throw new AppError(
      'input-invalid',
      `${key} of the guest's configuration holds a control character at ${control.index}`,
    )
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
