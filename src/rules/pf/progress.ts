import { icmp, icmp6, type TcpFlags, tcp } from './packet.ts'

/** How far the two ends of a connection are, who began it first, in the words that pfctl lists. */
export type Progress = readonly [string, string]

/** In the order in which the kernel compares them (tcp_fsm.h). */
const tcpWords = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RCVD',
  'ESTABLISHED',
  'CLOSE_WAIT',
  'FIN_WAIT_1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT_2',
  'TIME_WAIT',
]

/** Of a state that was just made. */
export function firstProgress(protocol: number): Progress {
  if (protocol === tcp) return ['SYN_SENT', 'CLOSED']
  if (protocol === icmp) return ['0', '0']
  return protocol === icmp6 ? ['NO_TRAFFIC', 'NO_TRAFFIC'] : ['SINGLE', 'NO_TRAFFIC']
}

/** After a packet of one end: 0 is who began. */
export function nextProgress(protocol: number, now: Progress, sender: 0 | 1, flags: TcpFlags | undefined): Progress {
  const [own, other] = sender === 0 ? now : [now[1], now[0]]
  const next = protocol === tcp ? nextTcp(own, other, flags ?? 'S') : nextDatagram(protocol, own, other)
  return sender === 0 ? next : [next[1], next[0]]
}

/** Both ends have said that they are through: a new connection may take the place. */
export function closedTcp({ protocol, progress }: { protocol: number; progress: Progress }): boolean {
  return protocol === tcp && progress.every((word) => after(word, 'FIN_WAIT_2'))
}

/** As pf_tcp_track_full goes on, without the numbers of its windows. */
function nextTcp(own: string, other: string, flags: TcpFlags): Progress {
  if (flags === 'R') return ['TIME_WAIT', 'TIME_WAIT']
  let next = own
  if (flags.startsWith('S') && !after(next, 'SYN_SENT')) next = 'SYN_SENT'
  if (flags === 'F' && !after(next, 'CLOSING')) next = 'CLOSING'
  if (flags === 'S') return [next, other]
  return [next, other === 'SYN_SENT' ? 'ESTABLISHED' : other === 'CLOSING' ? 'FIN_WAIT_2' : other]
}

function nextDatagram(protocol: number, own: string, other: string): Progress {
  if (protocol === icmp || protocol === icmp6) return [own, other]
  return [own === 'NO_TRAFFIC' ? 'SINGLE' : own, other === 'SINGLE' ? 'MULTIPLE' : other]
}

function after(word: string, than: string): boolean {
  return tcpWords.indexOf(word) >= tcpWords.indexOf(than)
}
