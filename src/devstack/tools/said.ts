/** What a program says, and its exit code. */
export interface Said {
  exitCode: number
  stdout: string
  stderr: string
}

/** A success that prints `lines`. */
export function prints(...lines: string[]): Said {
  return { exitCode: 0, stdout: lines.map((line) => `${line}\n`).join(''), stderr: '' }
}

/** A failure that says `lines` on stderr. */
export function refuses(exitCode: number, ...lines: string[]): Said {
  return { exitCode, stdout: '', stderr: lines.map((line) => `${line}\n`).join('') }
}
