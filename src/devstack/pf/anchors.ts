/** All anchors of the kernel in the order of their listing: those that are something themselves or are called, and those above them. */
export function anchorsOf(filled: readonly string[], called: readonly string[]): string[] {
  const paths = new Set<string>()
  for (const path of [...filled, ...called]) {
    const names = path.split('/')
    for (let length = 1; length <= names.length; length++) paths.add(names.slice(0, length).join('/'))
  }
  paths.delete('')
  return [...paths].sort(byNames)
}

/** The anchors right below one. */
export function childrenOf(anchors: readonly string[], parent: string): string[] {
  const depth = parent === '' ? 1 : parent.split('/').length + 1
  return anchors.filter((path) => path.split('/').length === depth && (parent === '' || path.startsWith(`${parent}/`)))
}

/** In byte order, name by name: what is below an anchor follows it. */
function byNames(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')]
  const at = left.findIndex((name, place) => name !== right[place])
  if (at === -1) return left.length - right.length
  return right[at] === undefined || (left[at] as string) > right[at] ? 1 : -1
}
