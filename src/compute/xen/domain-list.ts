import type { Guest, GuestList } from '../driver.ts'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** A row, read from its right end: a name may be longer than its column and hold blanks. */
const row = new RegExp(
  String.raw`^(?<name>.*\S)\s+(?<domid>\d+)\s+(?<memory>\d+)\s+(?<vcpus>\d+)\s+(?<state>[r-][b-][p-][s-].[d-])\s+(?<time>\d+\.\d)\s+(?<uuid>${uuid})\s+\S+\s+\S.*$`,
)

/**
 * Reads `xl list -v`. The host itself (domain 0) is left out.
 * @returns undefined when not even the host is there: then the list says nothing about guests either
 */
export function readDomainList(text: string): GuestList | undefined {
  const [, ...lines] = text.split('\n').filter((line) => line.trim() !== '')
  const rows = lines.map((line) => row.exec(line)?.groups)
  if (!rows.some((groups) => groups?.domid === '0')) return undefined
  const guests = rows.flatMap((groups) => (groups && groups.domid !== '0' ? [readGuest(groups)] : []))
  return { guests, unread: rows.filter((groups) => !groups).length }
}

function readGuest({
  name = '',
  domid,
  memory,
  vcpus,
  state = '',
  time,
  uuid,
}: Partial<Record<string, string>>): Guest {
  return {
    id: uuid,
    name,
    domid: Number(domid),
    ...readState(state),
    memoryMiB: Number(memory),
    vcpus: Number(vcpus),
    cpuSeconds: Number(time),
  }
}

/** Why a domain shut down: the fifth letter of its state. */
const ends: Readonly<Record<string, NonNullable<Guest['ended']>>> = {
  '-': 'poweroff',
  r: 'reboot',
  s: 'suspend',
  c: 'crash',
  w: 'crash',
  S: 'reboot',
}

function readState(letters: string): Pick<Guest, 'state' | 'ended'> {
  const [, , paused, shutdown, reason = '-', dying] = letters
  if (dying === 'd') return { state: 'dying' }
  // Older versions show a crash without the `s` before it. All dashes: it waits for a processor.
  if (shutdown === 's' || reason === 'c') return { state: 'ended', ended: ends[reason] ?? 'unknown' }
  return { state: paused === 'p' ? 'paused' : 'running' }
}
