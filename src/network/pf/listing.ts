/** What was read of a listing of pfctl. Formats differ between releases: a line that is not understood is kept aside, and never becomes a number. */
export interface Listing<Row> {
  rows: Row[]
  unread: string[]
}

/** Reads a listing line by line. `read` answers undefined for a line that it does not understand, null for one that says nothing. */
export function readLines<Row>(text: string, read: (line: string) => Row | null | undefined): Listing<Row> {
  const listing: Listing<Row> = { rows: [], unread: [] }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const row = read(line)
    if (row === undefined) listing.unread.push(line)
    else if (row !== null) listing.rows.push(row)
  }
  return listing
}
