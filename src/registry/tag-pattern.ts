/** Whether a tag matches one of some patterns, which are separated by commas; `*` in them stands for any characters, also none. */
export function tagMatcher(patterns: string): (tag: string) => boolean {
  const wanted = patterns
    .split(',')
    .filter((pattern) => pattern !== '')
    .map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`))
  return (tag) => wanted.some((pattern) => pattern.test(tag))
}
