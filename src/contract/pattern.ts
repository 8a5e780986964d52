/** Whether a name matches a pattern, in which `*` stands for any characters, slashes among them, and also for none. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...parts] = pattern.split('*')
  const last = parts.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  // The leftmost place for each part leaves the most for the next: nothing is ever tried twice.
  let at = first.length
  for (const part of parts) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/** Whether a name matches one of some patterns, which are separated by commas. No pattern matches nothing. */
export function matchesAny(patterns: string, name: string): boolean {
  return patterns.split(',').some((pattern) => pattern !== '' && matchesPattern(pattern, name))
}
