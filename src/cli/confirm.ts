import { createInterface } from 'node:readline/promises'
import { UsageError } from './command.ts'

/** Asks a person. Without one at the terminal it is an error that names the switch that answers. @throws UsageError */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`${question}: say --yes, since nobody is here to ask`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question}? [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
