import { type DamagedBlob, ScrubStatus } from '../../contract/scrub.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { ago, bytes, counted, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  about:
    'The server reads every blob again now and then (scrubDays) and compares it with its digest. A damaged one is served no more; push what has it\n' +
    'again, and it is healed. The exit code is 1 when one is damaged.',
  examples: ['slipway scrub status'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const status = await withClient((client) => client.get(ScrubStatus, '/scrub'))
    if (json) printJson(status)
    else tellScrub(status)
    return status.damaged.length > 0 ? 1 : 0
  },
}

export function tellScrub({ blobs, neverVerified, oldestVerifiedAt, damaged }: ScrubStatus): void {
  print(
    `${counted(blobs, 'blob')}; ${neverVerified} not read again yet; the longest ago was read ${ago(oldestVerifiedAt)}; ${damaged.length} damaged`,
  )
  if (damaged.length > 0)
    printTable<DamagedBlob>(
      {
        DIGEST: (blob) => blob.digest,
        SIZE: (blob) => bytes(blob.sizeBytes),
        FOUND: (blob) => ago(blob.damagedAt),
        RELEASES: (blob) => blob.releases.map(({ repository, tag }) => `${repository}:${tag}`).join(' ') || '-',
        HOSTS: (blob) => blob.hosts.join(' ') || '-',
      },
      damaged,
    )
}
