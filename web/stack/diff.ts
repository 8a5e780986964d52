/** A line of a comparison: in both texts, only in the old one, or only in the new one. */
export interface DiffLine {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** A run of lines that is shown, and how many lines, the same in both, were left out before it. */
export interface DiffHunk {
  skipped: number
  lines: DiffLine[]
}

/** Beyond this many pairs of lines the middle of two texts is not compared line by line, which would take seconds. */
const maxPairs = 4_000_000

/** What became of one text to make it another, by lines, with as few changes as there can be. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = linesOf(before)
  const now = linesOf(after)
  let head = 0
  while (head < old.length && head < now.length && old[head] === now[head]) head++
  let tail = 0
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++
  return [
    ...as('same', old.slice(0, head)),
    ...diffMiddle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...as('same', tail === 0 ? [] : old.slice(-tail)),
  ]
}

/** The changes, each with a few lines around it. Empty when there are none. */
export function hunksOf(lines: readonly DiffLine[], around = 3): DiffHunk[] {
  const near = (index: number) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== 'same')
  const hunks: DiffHunk[] = []
  let skipped = 0
  let open = false
  lines.forEach((line, index) => {
    if (!near(index)) {
      skipped++
      open = false
      return
    }
    if (!open) hunks.push({ skipped, lines: [] })
    open = true
    skipped = 0
    hunks.at(-1)?.lines.push(line)
  })
  return hunks
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function as(kind: DiffLine['kind'], lines: readonly string[]): DiffLine[] {
  return lines.map((text) => ({ kind, text }))
}

function diffMiddle(old: readonly string[], now: readonly string[]): DiffLine[] {
  if (old.length * now.length > maxPairs) return [...as('removed', old), ...as('added', now)]
  const common = commonLengths(old, now)
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < now.length) {
    const a = old[i]
    const b = now[j]
    if (a !== undefined && a === b) {
      lines.push({ kind: 'same', text: a })
      i++
      j++
    } else if (a !== undefined && (b === undefined || common(i + 1, j) >= common(i, j + 1))) {
      lines.push({ kind: 'removed', text: a })
      i++
    } else {
      lines.push({ kind: 'added', text: b as string })
      j++
    }
  }
  return lines
}

/** How many lines the rest of one text from `i` and that of the other from `j` have in common, in order. */
function commonLengths(old: readonly string[], now: readonly string[]): (i: number, j: number) => number {
  const width = now.length + 1
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      lengths[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  return at
}
