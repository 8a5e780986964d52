import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishComponent } from '../../artifact/publish.ts'
import { Promoted } from '../../contract/channel.ts'
import { stopSignal } from '../../platform/program.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { bytes, print, printJson } from '../print.ts'
import { openProgress } from '../progress.ts'

export const command: Command = {
  usage: 'DIR… --version V [--channel C]',
  about:
    'Packs the folder, whose component.json says what it is, and uploads it as components/<name>:V; several folders, each for a platform of\n' +
    'its own, become one release. Uploads go on after a cut connection or a restart of the server. Publishing the same bytes again is\n' +
    'fine; other bytes under a version that exists are refused.',
  examples: [
    'slipway publish dist/components/compute --version 1.1.0',
    'slipway publish build --version 2.0.0-rc.1 --channel edge',
    'slipway publish build/amd64 build/arm64 --version 2.0.0',
  ],
  options: {
    version: { value: 'V', describe: 'the version, semver without build metadata' },
    channel: { value: 'C', describe: 'point this channel to it afterwards' },
  },
  words: [1, 16],
  async run(invocation) {
    const version = invocation.text('version')
    if (version === undefined) throw new UsageError('--version is missing')
    const channel = invocation.text('channel')
    const temporaryFolder = await mkdtemp(join(tmpdir(), 'slipway-publish-'))
    const progress = openProgress()
    try {
      await withClient(async (client) => {
        const published = await publishComponent({
          http: client.http,
          folder: invocation.words,
          version,
          temporaryFolder,
          onProgress: progress.show('sent'),
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
      progress.close()
      await rm(temporaryFolder, { recursive: true, force: true })
    }
    return 0
  },
}
