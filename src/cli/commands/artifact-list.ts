import { Type } from 'typebox'
import { Artifact } from '../../contract/artifact.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { bytes, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '',
  examples: ['slipway artifact list'],
  options: {},
  words: [0, 0],
  async run({ json }) {
    const artifacts = await withClient((client) => client.get(Type.Array(Artifact), '/artifacts'))
    if (json) printJson(artifacts)
    else
      printTable<Artifact>(
        { REPOSITORY: (one) => one.repository, TAGS: (one) => String(one.tags), SIZE: (one) => bytes(one.sizeBytes) },
        artifacts,
      )
    return 0
  },
}
