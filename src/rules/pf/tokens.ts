/** A piece of pf.conf(5). `end` is that of a statement: of a line, unless braces are open. */
export interface Token {
  kind: 'word' | 'string' | 'symbol' | 'macro' | 'end'
  text: string
  line: number
}

const pieces =
  /[ \t\r]+|#[^\n]*|\\\r?\n|\n|"([^"\n]*)"|->|[{}(),=!<>]|\$([A-Za-z0-9_]+)|(?:(?!->)[^\s#"{}(),=!<>$\\])+|./gy

/** Splits a file; what pfctl knows no word for becomes a symbol, which no statement can begin or go on with. */
export function tokens(text: string): Token[] {
  const found: Token[] = []
  let line = 1
  let open = 0
  for (const { 0: piece, 1: quoted, 2: macro } of text.matchAll(pieces)) {
    if (piece === '\n') {
      if (open === 0) found.push({ kind: 'end', text: '', line })
      line++
    } else if (piece.startsWith('\\')) line++
    else if (quoted !== undefined) found.push({ kind: 'string', text: quoted, line })
    else if (macro !== undefined) found.push({ kind: 'macro', text: macro, line })
    else if (/^(->|[{}(),=!<>"\\$])$/.test(piece)) {
      if (piece === '{') open++
      if (piece === '}') open = Math.max(0, open - 1)
      found.push({ kind: 'symbol', text: piece, line })
    } else if (!/^([ \t\r]|#)/.test(piece)) found.push({ kind: 'word', text: piece, line })
  }
  found.push({ kind: 'end', text: '', line })
  return found
}
