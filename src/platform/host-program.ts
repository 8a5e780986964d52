import { parseArgs } from 'node:util'
import { AppError } from '../contract/errors.ts'

/** The arguments that every program of a host takes. @throws AppError input-invalid */
export function daemonArguments(argv: string[]): { root: string } {
  try {
    const { values } = parseArgs({ args: argv, options: { root: { type: 'string', default: '/' } } })
    return values
  } catch (cause) {
    throw new AppError('input-invalid', `${(cause as Error).message}; the only option is --root DIR`, { cause })
  }
}

/** Runs a program to its end. An error is one sentence on stderr and exit code 1, or 2 when the arguments are wrong. */
export async function runProgram(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    process.stderr.write(`slipway ${name}: ${error.message}\n`)
    process.exitCode = error.code === 'input-invalid' ? 2 : 1
  }
}
