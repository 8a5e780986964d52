import { packageVersion } from '../platform/program.ts'
import { type Command, commonOptions, errorLine, readInvocation, UsageError } from './command.ts'
import { commands } from './commands.ts'

// Read when Node's pool of threads begins to work, with the first file. Whoever waits for the disk holds a thread for so long: with the usual four, the other
// requests of a server wait behind the fsyncs of a few pushes.
process.env.UV_THREADPOOL_SIZE ??= '16'

// A reader that has seen enough (`slipway host list | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await main(process.argv.slice(2))

/** Runs the command that `argv` names. Answers the exit code: 0, 1 (it failed), 2 (the command line is wrong). */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '--version') {
    process.stdout.write(`${await packageVersion(import.meta.dirname)}\n`)
    return 0
  }
  const name = [argv.slice(0, 2).join(' '), argv[0] ?? ''].find((words) => Object.hasOwn(commands, words))
  const entry = name === undefined ? undefined : commands[name]
  if (name === undefined || entry === undefined) {
    const asked = argv.length === 0 || argv.includes('--help') || argv[0] === 'help'
    const stream = asked ? process.stdout : process.stderr
    const inner = Object.keys(commands).some((words) => words.startsWith(`${argv[0]} `))
    if (!asked)
      stream.write(`slipway: there is no command ${JSON.stringify(argv.slice(0, inner ? 2 : 1).join(' '))}\n\n`)
    stream.write(overview(inner ? argv[0] : undefined))
    return asked ? 0 : 2
  }
  const { command } = await entry.load()
  try {
    const invocation = readInvocation(command, argv.slice(name.split(' ').length))
    if (invocation.help) {
      process.stdout.write(help(name, entry.summary, command))
      return 0
    }
    return (await command.run(invocation)) ?? 0
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`slipway ${name}: ${error.message}\n\nusage: slipway ${name} ${command.usage}\n`)
      return 2
    }
    process.stderr.write(`slipway ${name}: ${errorLine(error)}\n`)
    if (process.env.SLIPWAY_DEBUG) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    return 1
  }
}

function overview(group: string | undefined): string {
  const shown = Object.entries(commands).filter(([name]) => group === undefined || name.split(' ')[0] === group)
  const width = Math.max(...shown.map(([name]) => name.length))
  const lines = shown.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`)
  return `usage: slipway COMMAND [--help] …\n\n${lines.join('')}`
}

function help(name: string, summary: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions })
  const left = options.map(
    ([option, { value, short }]) => `${short ? `-${short}, ` : ''}--${option}${value ? ` ${value}` : ''}`,
  )
  const width = Math.max(...left.map((text) => text.length))
  const lines = options.map(([, { describe }], index) => `  ${left[index]?.padEnd(width)}  ${describe}\n`)
  const about = command.about ? `\n${command.about}\n` : ''
  const examples = command.examples.map((example) => `  ${example}\n`).join('')
  return `slipway ${name}: ${summary}\n\nusage: slipway ${name} ${command.usage}\n${about}\n${lines.join('')}\nexamples:\n${examples}`
}
