/** What stands in xenstore, by path. */
export type Xenstore = ReadonlyMap<string, string>

/** Reads `xenstore-ls -f`: a path, an equals sign, a value in quotes. Other lines are passed over. */
export function readXenstore(text: string): Xenstore {
  const entries = text.split('\n').flatMap((line): [string, string][] => {
    const [, path, value] = /^(\/\S*) = "(.*)"(?: {3}\([^)]*\))?$/.exec(line) ?? []
    return path === undefined || value === undefined ? [] : [[path, plain(value)]]
  })
  return new Map(entries)
}

function plain(value: string): string {
  const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
  return value.replaceAll(/\\(?:x([0-9a-f]{2})|([0-7]{3})|(.))/g, (_, hex, octal, letter) =>
    hex || octal ? String.fromCharCode(Number.parseInt(hex ?? octal, hex ? 16 : 8)) : (letters[letter] ?? letter),
  )
}

/** The names directly below a path. */
export function below(store: Xenstore, path: string): string[] {
  const names = [...store.keys()].flatMap((key) =>
    key.startsWith(`${path}/`) ? [key.slice(path.length + 1).split('/', 1)[0] as string] : [],
  )
  return [...new Set(names)]
}
