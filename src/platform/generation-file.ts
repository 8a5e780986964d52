import { basename } from 'node:path'
import { readTextIfThere } from './files.ts'

/** What a reader made of a file's text. */
export interface Read {
  /** The number of this state; it only grows. */
  generation: number
  /** What of it cannot be done, one sentence each. */
  problems: string[]
}

export interface GenerationFile<R extends Read> {
  /** Reads the file again. Never throws: whatever is wrong becomes a problem. Answers what was taken anew, if anything was. */
  refresh(): Promise<R | undefined>
  /** The newest generation that was taken (0 before the first), and what is wrong now. */
  state(): Read
}

/**
 * A file that another program replaces, numbered by a generation. One that is broken, gone or older than what was taken before is
 * told as a problem, and what was taken before stays. That there is no file yet is no problem.
 * `take` answers what it made of the text, or throws.
 */
export function openGenerationFile<R extends Read>(path: string, take: (text: string) => R): GenerationFile<R> {
  const name = basename(path)
  let taken: Read = { generation: 0, problems: [] }
  let problem: string | undefined
  let seen: string | undefined

  async function refresh(): Promise<R | undefined> {
    try {
      const text = await readTextIfThere(path)
      if (text === undefined) {
        seen = undefined
        problem = taken.generation === 0 ? undefined : `${path} is gone; generation ${taken.generation} stays in force`
        return undefined
      }
      if (text === seen) return undefined
      seen = text
      const read = take(text)
      if (read.generation < taken.generation)
        throw new Error(`${name} has generation ${read.generation}, older than ${taken.generation}, and was refused`)
      taken = read
      problem = undefined
      return read
    } catch (error) {
      problem = `${(error as Error).message}; generation ${taken.generation} stays in force`
      return undefined
    }
  }

  return {
    refresh,
    state: () => ({
      generation: taken.generation,
      problems: problem === undefined ? taken.problems : [problem, ...taken.problems],
    }),
  }
}
