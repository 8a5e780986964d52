import { readFile } from 'node:fs/promises'
import { AppError } from '../contract/errors.ts'
import { type Invocation, UsageError } from './command.ts'

/** The text of `-f FILE`; `-` is stdin. @throws UsageError; AppError not-found */
export async function readStackFile(invocation: Invocation): Promise<string> {
  const path = invocation.text('file')
  if (path === undefined) throw new UsageError('-f FILE is missing')
  if (path === '-') return (await process.stdin.setEncoding('utf8').toArray()).join('')
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('not-found', `cannot read the stack ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** The option of plan and apply. */
export const fileOption = {
  file: { value: 'FILE', short: 'f', describe: 'the stack, in YAML; - reads it from stdin' },
} as const
