/** What is answered with 200. */
export interface Page {
  contentType: string
  body: string
}

/** What answers at a path: a page, or a folder that lists what is in it. What is undefined is not there. */
export type Node = Page | Folder | undefined

export interface Folder {
  /** What it answers itself. */
  listing(): Page
  entries: Readonly<Record<string, () => Node>>
}

export function text(body: string): Page {
  return { contentType: 'text/plain; charset=utf-8', body }
}

export function json(value: unknown): Page {
  return { contentType: 'application/json', body: JSON.stringify(value) }
}

/** A folder that lists the names of its entries, those of folders with a slash behind them. */
export function folder(entries: Folder['entries']): Folder {
  const line = ([name, entry]: [string, () => Node]) => {
    const node = entry()
    return node === undefined ? [] : [isFolder(node) ? `${name}/` : name]
  }
  return { entries, listing: () => text(Object.entries(entries).flatMap(line).join('\n')) }
}

/** What answers at `path`, with or without a slash at its end; nothing when there is nothing. */
export function find(root: Folder, path: string): Page | undefined {
  let node: Node = root
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (node === undefined || !isFolder(node)) return undefined
    node = Object.hasOwn(node.entries, name) ? node.entries[name]?.() : undefined
  }
  return node !== undefined && isFolder(node) ? node.listing() : node
}

function isFolder(node: Page | Folder): node is Folder {
  return 'entries' in node
}
