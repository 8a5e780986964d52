import {
  type BlobCollection,
  type CollectedBlob,
  Collection,
  type Retired,
  type RetiredManifest,
  type RetiredTag,
} from '../../contract/collection.ts'
import { withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { followWork } from '../follow-work.ts'
import { bytes, counted, print, printJson, printTable } from '../print.ts'

export const command: Command = {
  usage: '[--dry-run]',
  about:
    'Removes the tags and manifests that no rule of `retention` keeps, and then the blobs that no manifest names and that nobody was promised within\n' +
    'the grace time (collectAfterSeconds), with their bytes. Pushes and pulls go on. The server does the same once a day (collectSchedule).',
  examples: ['slipway gc --dry-run', 'slipway gc'],
  options: { 'dry-run': { describe: 'only say what would go, and why' } },
  words: [0, 0],
  async run(invocation) {
    const dryRun = invocation.is('dry-run')
    const collection = await withClient((client) =>
      followWork(client, Collection, '/collections', {
        body: { dryRun },
        doing: 'checked',
        text: (count) => `${count} manifests and blobs`,
      }),
    )
    if (invocation.json) printJson(collection)
    else tell(collection)
    return 0
  },
}

function tell({ retired, ...collection }: Collection): void {
  tellRetired(retired, collection)
  tellBlobs(collection)
}

function tellRetired({ tags, manifests, removedTags, removedManifests }: Retired, { dryRun }: BlobCollection): void {
  if (tags + manifests === 0) return
  tellSome<RetiredTag>(tags, removedTags, {
    TAG: ({ repository, tag }) => `${repository}:${tag}`,
    MANIFEST: ({ digest }) => digest,
    WHY: ({ reason }) => reason,
  })
  tellSome<RetiredManifest>(manifests, removedManifests, {
    MANIFEST: ({ repository, digest }) => `${repository}@${digest}`,
    WHY: ({ reason }) => reason,
  })
  print(
    `${counted(tags, 'tag')} and ${counted(manifests, 'manifest')} ${dryRun ? 'would go' : 'removed'} by the rules of retention; blobs that only these name go when another grace time (collectAfterSeconds) has passed`,
  )
  print()
}

/** The first of what goes, in columns, and how many there are beside. */
function tellSome<T>(count: number, first: readonly T[], columns: Parameters<typeof printTable<T>>[0]): void {
  if (first.length === 0) return
  printTable(columns, first)
  if (count > first.length) print(`and ${count - first.length} more`)
  print()
}

function tellBlobs({ dryRun, blobs, freedBytes, orphans, orphanBytes, removed, before }: BlobCollection): void {
  tellSome<CollectedBlob>(blobs, removed, {
    DIGEST: (one) => one.digest,
    SIZE: (one) => bytes(one.sizeBytes),
    WHY: ({ repositories }) =>
      repositories.length === 0 ? 'no repository holds it' : `no manifest names it in ${repositories.join(', ')}`,
  })
  print(
    `${counted(blobs, 'blob')} (${bytes(freedBytes)}) ${dryRun ? 'would go' : 'removed'}; all are from before ${before}`,
  )
  if (orphans > 0)
    print(
      `${counted(orphans, 'blob')} (${bytes(orphanBytes)}) of the storage ${orphans === 1 ? 'is' : 'are'} unknown to the database, and removed when the grace time has passed`,
    )
}
