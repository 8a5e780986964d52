import { createInterface } from 'node:readline'
import {
  type BlobCollection,
  type CollectedBlob,
  type Collection,
  CollectionLine,
  type Retired,
  type RetiredManifest,
  type RetiredTag,
} from '../../contract/collection.ts'
import { AppError, type ErrorCode, errorTable } from '../../contract/errors.ts'
import { parseJson } from '../../contract/parse.ts'
import { refusal } from '../../platform/json-http.ts'
import { type Client, withClient } from '../client.ts'
import type { Command } from '../command.ts'
import { bytes, counted, print, printJson, printTable } from '../print.ts'
import { openProgress } from '../progress.ts'

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
    const collection = await withClient((client) => collectOn(client, dryRun))
    if (invocation.json) printJson(collection)
    else tell(collection)
    return 0
  },
}

async function collectOn(client: Client, dryRun: boolean): Promise<Collection> {
  const path = '/api/v1/collections'
  const response = await client.http.send('POST', path, {
    body: JSON.stringify({ dryRun }),
    headers: { 'content-type': 'application/json' },
  })
  if (response.status >= 300) throw await refusal(response, `POST ${path}`)
  const progress = openProgress()
  const show = progress.show('checked', (count) => `${count} manifests and blobs`)
  try {
    for await (const text of createInterface({ input: response.body })) {
      const line = parseJson(CollectionLine, text, `the answer to POST ${path}`, 'peer-refused')
      if ('collection' in line) return line.collection
      if ('problem' in line)
        throw new AppError(
          line.problem.code in errorTable ? (line.problem.code as ErrorCode) : 'peer-refused',
          line.problem.message,
        )
      show(line.done, line.total)
    }
  } finally {
    progress.close()
  }
  throw new AppError(
    'peer-unreachable',
    'the server ended its answer before the collection ended; it goes on unless the server was stopped',
  )
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
