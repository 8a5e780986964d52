import type { ArtifactDetail } from '../../src/contract/artifact.ts'
import type { Channel } from '../../src/contract/channel.ts'
import { ReleaseTable } from '../artifact/release-table.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'

export function ArtifactPage({ repository }: { repository: string }) {
  const artifact = useResource<ArtifactDetail>(`/artifacts/${repository}`)
  const channels = useResource<Channel[]>('/channels')
  return (
    <Page title={repository} line={<Link href={addressOf.artifacts}>All artifacts</Link>}>
      <Loaded resource={artifact}>
        {(detail) => <ReleaseTable artifact={detail} channels={channels.data ?? []} />}
      </Loaded>
    </Page>
  )
}
