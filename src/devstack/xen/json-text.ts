/** JSON as libxl prints it: four blanks a level, and an empty line in what is empty. */
export function libxlJson(value: unknown, indent = ''): string {
  const inner = `${indent}    `
  if (Array.isArray(value))
    return braced(
      '[',
      value.map((each) => `${inner}${libxlJson(each, inner)}`),
      ']',
      indent,
    )
  if (value !== null && typeof value === 'object')
    return braced(
      '{',
      Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .map(([key, each]) => `${inner}${JSON.stringify(key)}: ${libxlJson(each, inner)}`),
      '}',
      indent,
    )
  return JSON.stringify(value)
}

function braced(open: string, lines: readonly string[], close: string, indent: string): string {
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`
}
