import { Trace, type TraceHop, TraceRequest } from '../../contract/network-view.ts'
import { parse } from '../../contract/parse.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: '--from ADDRESS[:PORT] --to ADDRESS[:PORT] [--proto PROTOCOL] [--host HOST]',
  about:
    'Follows a first packet through the rules that hosts should have, and the first answer back, without sending anything: where PF sees it, which rule and which security group decides, and what translation makes of it. Exit code 1 when it is blocked. IPv6 addresses with a port stand in brackets.',
  examples: [
    'slipway network trace --from 10.0.0.11 --to 10.0.0.12:5432',
    'slipway network trace --from 198.51.100.7 --to 192.0.2.51:443 --host host1',
    "slipway network trace --from 2001:db8::11 --to '[2001:db8::12]:53' --proto udp",
  ],
  options: {
    from: { value: 'ADDRESS[:PORT]', describe: 'who begins' },
    to: { value: 'ADDRESS[:PORT]', describe: 'whom it is for' },
    proto: { value: 'PROTOCOL', describe: 'tcp, udp, sctp, icmp or icmp6 (tcp)' },
    host: { value: 'HOST', describe: 'whose rules are asked when neither end is an instance' },
  },
  words: [0, 0],
  async run(invocation) {
    const from = readEnd(invocation.text('from'), 'from')
    const to = readEnd(invocation.text('to'), 'to')
    const host = invocation.text('host')
    const request = parse(
      TraceRequest,
      {
        from: from.address,
        ...(from.port === undefined ? {} : { fromPort: from.port }),
        to: to.address,
        ...(to.port === undefined ? {} : { toPort: to.port }),
        protocol: invocation.text('proto') ?? 'tcp',
        ...(host === undefined ? {} : { host }),
      },
      'trace',
    )
    const trace = await withClient((client) => client.post(Trace, '/networks/trace', request))
    if (invocation.json) printJson(trace)
    else show(trace)
    return trace.verdict === 'pass' ? 0 : 1
  },
}

/** Takes `10.0.0.11`, `10.0.0.11:80`, `2001:db8::1` and `[2001:db8::1]:80` apart. @throws UsageError */
export function readEnd(text: string | undefined, option: string): { address: string; port?: number } {
  if (text === undefined) throw new UsageError(`--${option} is missing`)
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? (/:.*:/.test(text) && /^[0-9A-Fa-f:.]+$/.test(text) ? text : undefined)
  if (address === undefined)
    throw new UsageError(`--${option} takes ADDRESS or ADDRESS:PORT, not ${JSON.stringify(text)}`)
  return port === undefined ? { address } : { address, port: Number(port) }
}

function show({ verdict, sentence, hops, answer, assumed = [] }: Trace): void {
  for (const hop of hops) showHop(hop)
  if (answer.length > 0) print('the answer:')
  for (const hop of answer) showHop(hop)
  for (const assumption of assumed) note(assumption)
  print(`${verdict === 'pass' ? 'PASS' : 'BLOCK'}: ${sentence}`)
}

function showHop({ host, direction, place, from, to, action, rule, translated, byState }: TraceHop): void {
  print(`  ${host}  ${direction.padEnd(3)} ${place}: ${from} -> ${to}  ${action}`)
  if (translated) {
    print(`      becomes ${translated.from} -> ${translated.to}: ${translated.rule.reason}`)
    print(`        ${translated.rule.text}`)
  }
  if (byState) print('      by the state of what passed before')
  else if (rule) print(`      ${rule.reason}\n        ${rule.text}`)
  else if (action === 'pass')
    print("      no rule of Slipway's speaks of it here: the administrator's own rules decide")
}
