import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishComponent } from '../../artifact/publish.ts'
import { Promoted } from '../../contract/channel.ts'
import { stopSignal } from '../../platform/program.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { bytes, note, print, printJson } from '../print.ts'

export const command: Command = {
  usage: 'DIR --version V [--channel C]',
  about:
    'Packs the folder, whose component.json says what it is, and uploads it as components/<name>:V. Uploads go on after a cut connection\n' +
    'or a restart of the server. Publishing the same bytes again is fine; other bytes under a version that exists are refused.',
  examples: [
    'slipway publish dist/components/compute --version 1.1.0',
    'slipway publish build --version 2.0.0-rc.1 --channel edge',
  ],
  options: {
    version: { value: 'V', describe: 'the version, semver without build metadata' },
    channel: { value: 'C', describe: 'point this channel to it afterwards' },
  },
  words: [1, 1],
  async run(invocation) {
    const version = invocation.text('version')
    if (version === undefined) throw new UsageError('--version is missing')
    const channel = invocation.text('channel')
    const temporaryFolder = await mkdtemp(join(tmpdir(), 'slipway-publish-'))
    try {
      await withClient(async (client) => {
        const published = await publishComponent({
          http: client.http,
          folder: invocation.words[0] ?? '',
          version,
          temporaryFolder,
          onProgress: showProgress(),
          signal: stopSignal(),
        })
        const component = published.repository.slice('components/'.length)
        const promoted =
          channel === undefined
            ? undefined
            : await client.post(Promoted, `/channels/${encodeURIComponent(channel)}/promotions`, {
                releases: [{ component, version }],
              })
        if (invocation.json)
          printJson({ ...published, ...(promoted ? { channel, hostsChanged: promoted.hostsChanged } : {}) })
        else {
          print(`published ${component}@${version}  ${published.digest}  ${bytes(published.sizeBytes)}`)
          if (promoted) print(`${channel} points to it; ${promoted.hostsChanged} hosts follow`)
        }
      })
    } finally {
      await rm(temporaryFolder, { recursive: true, force: true })
    }
    return 0
  },
}

/** A line that counts up, at a terminal; nothing elsewhere. */
function showProgress(): (sentBytes: number, totalBytes: number) => void {
  if (!process.stderr.isTTY) return () => {}
  let last = 0
  return (sentBytes, totalBytes) => {
    const now = Date.now()
    if (now - last < 100 && sentBytes < totalBytes) return
    last = now
    process.stderr.write(`\r${bytes(sentBytes)} of ${bytes(totalBytes)} `)
    if (sentBytes >= totalBytes) note('')
  }
}
