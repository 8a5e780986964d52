import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PublishImageOptions, publishImage } from '../../artifact/publish-image.ts'
import type { ImageConfig } from '../../contract/image.ts'
import { architectures } from '../../contract/platform.ts'
import { makeFolder, remove } from '../../platform/files.ts'
import { stopSignal } from '../../platform/program.ts'
import { newId } from '../../platform/secret.ts'
import { withClient } from '../client.ts'
import { type Command, UsageError } from '../command.ts'
import { bytes, print, printJson } from '../print.ts'
import { openProgress } from '../progress.ts'
import { withImage } from './image-inspect.ts'

export const command: Command = {
  usage: 'NAME FILE --version V [--architecture A]',
  about:
    'Uploads a raw or QCOW2 image as images/NAME:V. It is converted while it is read; the compressed disk is kept in TMPDIR until it is\n' +
    'sent. Uploads go on after a cut connection or a restart of the server. Pushing the same image again is fine; another one under a\n' +
    'version that exists is refused.',
  examples: [
    'slipway image push freebsd-15 FreeBSD-15.1-RELEASE-amd64-ufs.qcow2 --version 15.1.0',
    'slipway image push debian debian-13-arm64.raw --version 13.2.0 --architecture arm64 --json',
  ],
  options: {
    version: { value: 'V', describe: 'the version, semver without build metadata' },
    architecture: { value: 'A', describe: `what the guest runs on: ${architectures.join(' or ')}; amd64 unless told` },
  },
  words: [2, 2],
  async run({ words: [name = '', path = ''], text, json }) {
    const version = text('version')
    if (version === undefined) throw new UsageError('--version is missing')
    const architecture = readArchitecture(text('architecture') ?? 'amd64')
    const signal = stopSignal()
    const progress = openProgress()
    const temporaryFolder = join(tmpdir(), `slipway-image-${newId()}`)
    await makeFolder(temporaryFolder, { mode: 0o700 })
    try {
      await withImage(path, async (disk, { guest, format, partitionTable }) => {
        const facts: PublishImageOptions['facts'] = {
          name,
          version,
          os: guest.os,
          architecture,
          firmware: guest.firmware,
          originFormat: format,
          partitionScheme: partitionTable?.scheme ?? 'none',
        }
        const published = await withClient(({ http }) =>
          publishImage({
            http,
            facts,
            disk,
            temporaryFolder,
            onPacked: progress.show('packed'),
            onProgress: progress.show('sent'),
            signal,
          }),
        )
        if (json) printJson(published)
        else print(`pushed ${name}@${version}  ${published.digest}  ${bytes(published.sizeBytes)}`)
      })
    } finally {
      progress.close()
      await remove(temporaryFolder)
    }
    return 0
  },
}

function readArchitecture(text: string): ImageConfig['architecture'] {
  const known = architectures.find((architecture) => architecture === text)
  if (!known) throw new UsageError(`--architecture takes ${architectures.join(' or ')}, not ${JSON.stringify(text)}`)
  return known
}
