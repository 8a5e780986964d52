/** The text of a file in the form of rc.conf: lines `name="value"`, comments, of equal names the last one counts. */

/** The value of a variable, or undefined. */
export function read(text: string, name: string): string | undefined {
  const line = text.split('\n').findLast((each) => assignment(name).test(each))
  if (line === undefined) return undefined
  const [, , doubled, single, bare] = assignment(name).exec(line) ?? []
  return doubled ?? single ?? bare ?? ''
}

/** The text with a variable set: its last assignment is changed, comments stay; without one a line is added. */
export function assign(text: string, name: string, value: string): string {
  const lines = text.split('\n')
  const at = lines.findLastIndex((line) => assignment(name).test(line))
  if (at === -1) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${name}="${value}"\n`
  lines[at] = (lines[at] as string).replace(assignment(name), (_, start) => `${start}"${value}"`)
  return lines.join('\n')
}

/** The text without any assignment of a variable. */
export function unassign(text: string, name: string): string {
  return text
    .split('\n')
    .filter((line) => !assignment(name).test(line))
    .join('\n')
}

/** Groups: what stands before the value; the value in double quotes, in single quotes, or bare. */
function assignment(name: string): RegExp {
  return new RegExp(`^(\\s*(?:export\\s+)?${name}=)(?:"([^"]*)"|'([^']*)'|([^\\s#]*))`)
}
