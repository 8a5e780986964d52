/** The text with each of these replaced. @throws when one of them does not stand there exactly once */
export function replaced(text: string, values: Readonly<Record<string, string>>): string {
  for (const [old, value] of Object.entries(values)) {
    const parts = text.split(old)
    if (parts.length !== 2) throw new Error(`${JSON.stringify(old)} stands ${parts.length - 1} times in:\n${text}`)
    text = parts.join(value)
  }
  return text
}
