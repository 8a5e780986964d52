/** What daemon(8) is asked to do. */
export interface DaemonOptions {
  program: string
  arguments: string[]
  childPidfile?: string
  supervisorPidfile?: string
  /** Absent: a child that ends is not started again. */
  restartSeconds?: number
  /** The file that gets the output (-o), */
  outputFile?: string
  /** or the tag under which syslog gets it (-S, -T). */
  syslogTag?: string
}

const withValue = 'pPtuoMmslTRC'

/** Reads the arguments of daemon(8), `[-cfHrS] [-p file] … program arguments`. Returns a sentence when they are wrong. */
export function parseDaemonOptions(words: readonly string[]): DaemonOptions | string {
  const values: Record<string, string> = {}
  const flags = new Set<string>()
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] as string
    if (!/^-./.test(word)) break
    for (let position = 1; position < word.length; position++) {
      const letter = word[position] as string
      if (!withValue.includes(letter)) {
        if (!'cfHrS'.includes(letter)) return `daemon: illegal option -- ${letter}`
        flags.add(letter)
        continue
      }
      const value = word.slice(position + 1) || words[++at]
      if (value === undefined) return `daemon: option requires an argument -- ${letter}`
      values[letter] = value
      break
    }
  }
  const [program, ...rest] = words.slice(at)
  if (program === undefined)
    return 'usage: daemon [-cfHrS] [-p child_pidfile] [-P supervisor_pidfile] ... command arguments ...'
  const { p, P, o, R, T } = values
  if (R !== undefined && !/^[1-9][0-9]*$/.test(R)) return `daemon: invalid restart delay: ${R}`
  return {
    program,
    arguments: rest,
    ...(p === undefined ? {} : { childPidfile: p }),
    ...(P === undefined ? {} : { supervisorPidfile: P }),
    ...(R !== undefined ? { restartSeconds: Number(R) } : flags.has('r') ? { restartSeconds: 1 } : {}),
    ...(o === undefined ? {} : { outputFile: o }),
    ...(flags.has('S') || T !== undefined ? { syslogTag: T ?? 'daemon' } : {}),
  }
}
