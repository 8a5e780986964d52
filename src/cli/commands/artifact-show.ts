import { ArtifactDetail, type ArtifactRelease } from '../../contract/artifact.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { bytes, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: 'REPOSITORY',
  about: 'A name without a slash is that of a component: `compute` means components/compute.',
  examples: ['slipway artifact show compute', 'slipway artifact show images/debian'],
  options: {},
  words: [1, 1],
  async run({ words: [name = ''], json }) {
    const repository = name.includes('/') ? name : `components/${name}`
    const path = repository.split('/').map(encodeURIComponent).join('/')
    const detail = await withClient((client) => client.get(ArtifactDetail, `/artifacts/${path}`))
    if (json) printJson(detail)
    else
      printTable<ArtifactRelease>(
        {
          TAG: (release) => release.tag,
          SIZE: (release) => bytes(release.sizeBytes),
          PUSHED: (release) => release.pushedAt,
          'SIGNED BY': (release) => release.signedBy ?? '-',
          DIGEST: (release) => release.digest,
        },
        detail.releases,
      )
    return 0
  },
}
