import type { Count } from './interface-stats.ts'

/** A time as ctime(3) writes it: "Sun Nov 22 10:42:21 2026". */
export function dateText(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
}

export function packetsAndBytes(name: string, { packets, bytes }: Count = { packets: 0, bytes: 0 }): string {
  return `\t${`${name}:`.padEnd(12)} [ Packets: ${String(packets).padEnd(18)} Bytes: ${String(bytes).padEnd(18)} ]`
}
