/** The words of a command line as getopt(3) reads them. */
export interface Options {
  flags: ReadonlySet<string>
  /** The values of each option that takes one, in their order. */
  values: ReadonlyMap<string, readonly string[]>
  words: readonly string[]
}

/**
 * Reads options of one letter, `spec` in the form of getopt(3): "fs:" is `-f` and `-s VALUE`. Options end at the first other word, or at
 * `--`. `illegal` is thrown for a letter that is not known, or one whose value is missing.
 */
export function getopt(words: readonly string[], spec: string, illegal: (letter: string) => Error): Options {
  const flags = new Set<string>()
  const values = new Map<string, string[]>()
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') {
      at++
      break
    }
    if (!/^-[^-]/.test(word)) break
    for (let position = 1; position < word.length; position++) {
      const letter = word[position] as string
      const known = letter === ':' ? -1 : spec.indexOf(letter)
      if (known === -1) throw illegal(letter)
      if (spec[known + 1] !== ':') {
        flags.add(letter)
        continue
      }
      const value = word.slice(position + 1) || words[++at]
      if (value === undefined) throw illegal(letter)
      values.set(letter, [...(values.get(letter) ?? []), value])
      break
    }
  }
  return { flags, values, words: words.slice(at) }
}

/** The last value of an option. */
export function optionValue(options: Options, letter: string): string | undefined {
  return options.values.get(letter)?.at(-1)
}
