import type { Vcpu, VcpuList } from '../driver.ts'

/** A row, read from its right end: a name may be longer than its column and hold blanks. */
const row =
  /^(?<name>.*\S)\s+(?<domid>\d+)\s+(?<vcpu>\d+)\s+(?<cpu>\d+|-)\s+[r-](?<blocked>[b-])[p-]\s+(?<seconds>\d+\.\d)\s+\S.* \/ \S.*$/

/** Reads `xl vcpu-list`. Domain 0 is the host itself. */
export function readVcpuList(text: string): VcpuList {
  const [, ...lines] = text.split('\n').filter((line) => line.trim() !== '')
  const vcpus: Vcpu[] = []
  const unread: string[] = []
  for (const line of lines) {
    const { name = '', domid, vcpu, cpu, blocked, seconds } = row.exec(line)?.groups ?? {}
    if (domid === undefined) unread.push(line)
    else
      vcpus.push({
        name,
        domid: Number(domid),
        vcpu: Number(vcpu),
        processor: cpu === '-' ? undefined : Number(cpu),
        blocked: blocked === 'b',
        seconds: Number(seconds),
      })
  }
  return { vcpus, unread }
}
