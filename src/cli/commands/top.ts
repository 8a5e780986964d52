import { withClient } from '../client.ts'
import { type Command, type Invocation, UsageError } from '../command.ts'
import { print, printJson } from '../print.ts'
import { askTop, type TopAnswer } from '../top/answer.ts'
import { hostColumns, instanceColumns } from '../top/columns.ts'
import { hostRows, instanceRows, type SortKey, sorted, sortKeys } from '../top/rows.ts'
import { tableLines } from '../top/table.ts'
import { watchTop } from '../top/watch.ts'

const defaultSeconds = 2
const mostSeconds = 3600

export const command: Command = {
  usage: '[--sort KEY] [--interval SECONDS] [--once]',
  about:
    'Shows what hosts and instances use, and goes on until q or Ctrl-C. CPU is in percent: of a host of all its processors, of an instance of one. IN and OUT, READ and WRITTEN are bytes a second as instances see them; BLOCKED is packets a second that PF did not let through. Into a pipe, and with --once, it prints both tables once. A host measures twice a minute or so: what is shown moves no faster.',
  examples: ['slipway top', 'slipway top --sort net', 'slipway top --once --sort memory'],
  options: {
    sort: { value: 'KEY', describe: `what stands first: ${sortKeys.join(', ')} (cpu)` },
    interval: { value: 'SECONDS', describe: `how often to ask (${defaultSeconds})` },
    once: { describe: 'print once, and end' },
  },
  words: [0, 0],
  async run(invocation) {
    const sort = readSort(invocation)
    const seconds = readInterval(invocation)
    await withClient(async (client) => {
      const answer = await askTop(client, new AbortController().signal)
      if (invocation.json) printJson(answer)
      else if (invocation.is('once') || !process.stdout.isTTY) printOnce(answer, sort)
      else await watchTop(client, answer, { sort, show: 'both' }, seconds * 1000)
    })
    return 0
  },
}

function readSort(invocation: Invocation): SortKey {
  const text = invocation.text('sort') ?? 'cpu'
  const key = sortKeys.find((one) => one === text)
  if (!key) throw new UsageError(`--sort takes one of ${sortKeys.join(', ')}, not ${JSON.stringify(text)}`)
  return key
}

function readInterval(invocation: Invocation): number {
  const seconds = invocation.number('interval') ?? defaultSeconds
  if (seconds < 1 || seconds > mostSeconds)
    throw new UsageError(`--interval takes 1 to ${mostSeconds} seconds, not ${seconds}`)
  return seconds
}

function printOnce(answer: TopAnswer, sort: SortKey): void {
  const now = new Date()
  for (const line of tableLines(hostColumns(now), sorted(hostRows(answer), sort))) print(line)
  print()
  for (const line of tableLines(instanceColumns(now), sorted(instanceRows(answer), sort))) print(line)
}
