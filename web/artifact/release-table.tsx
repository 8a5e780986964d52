import type { ArtifactDetail, ArtifactRelease } from '../../src/contract/artifact.ts'
import type { Channel } from '../../src/contract/channel.ts'
import { Ago } from '../shared/ago.tsx'
import { bytesText } from '../shared/bytes.ts'
import { DigestText } from '../shared/digest-text.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { channelsPointingAt } from './pointed-at.ts'
import { kindText } from './words.ts'

/** The releases of a repository, newest first. */
export function ReleaseTable({ artifact, channels }: { artifact: ArtifactDetail; channels: readonly Channel[] }) {
  const { repository, releases } = artifact
  return (
    <Panel title="Releases" aside={releases.length} flush>
      {releases.length === 0 ? (
        <p className={table.none}>No tag names anything here.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Tag</th>
              <th scope="col">Channels</th>
              <th scope="col">Kind</th>
              <th scope="col">Size</th>
              <th scope="col">Digest</th>
              <th scope="col">Signed by</th>
              <th scope="col">Pushed</th>
            </tr>
          </thead>
          <tbody>
            {releases.map((release) => (
              <ReleaseRow
                key={release.tag}
                release={release}
                repository={repository}
                channels={channelsPointingAt(channels, repository, release.tag)}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

interface ReleaseRowProps {
  release: ArtifactRelease
  repository: string
  channels: readonly string[]
}

function ReleaseRow({ release, repository, channels }: ReleaseRowProps) {
  const { tag, digest, mediaType, artifactType, sizeBytes, signedBy, pushedAt } = release
  return (
    <tr>
      <th scope="row">
        <code>{tag}</code>
      </th>
      <td data-label="Channels">{channels.length > 0 && <ChannelLinks channels={channels} />}</td>
      <td data-label="Kind">{kindText(mediaType, artifactType)}</td>
      <td data-label="Size" className={table.number}>
        {bytesText(sizeBytes)}
      </td>
      <td data-label="Digest">
        <DigestText digest={digest} what={`${repository}:${tag}`} />
      </td>
      <td data-label="Signed by" className={table.soft}>
        {signedBy ?? 'not signed'}
      </td>
      <td data-label="Pushed" className={`${table.number} ${table.soft}`}>
        <Ago at={pushedAt} />
      </td>
    </tr>
  )
}

function ChannelLinks({ channels }: { channels: readonly string[] }) {
  return (
    <span>
      {channels.map((channel, place) => (
        <span key={channel}>
          {place > 0 && ', '}
          <Link href={addressOf.channel(channel)}>{channel}</Link>
        </span>
      ))}
    </span>
  )
}
