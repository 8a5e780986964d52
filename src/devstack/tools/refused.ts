import { refuses, type Said } from './said.ts'

/** Thrown deep inside of a simulated program: it ends with this exit code, and has said these lines on stderr. */
export class Refused extends Error {
  readonly said: Said

  constructor(exitCode: number, ...lines: string[]) {
    super(lines.join('\n'))
    this.name = 'Refused'
    this.said = refuses(exitCode, ...lines)
  }
}

/** What a program says, be it answered or thrown. */
export async function saidOf(work: () => Said | Promise<Said>): Promise<Said> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refused) return error.said
    throw error
  }
}
