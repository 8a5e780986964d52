import type { Channel } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'
import { ChannelPanel } from '../channel/channel-panel.tsx'
import { Empty } from '../shared/empty.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { useResource } from '../shared/server.tsx'

export function ChannelsPage() {
  const channels = useResource<Channel[]>('/channels')
  const hosts = useResource<HostSummary[]>('/hosts')
  return (
    <Page title="Channels">
      <Loaded resource={channels}>
        {(rows) =>
          rows.length === 0 ? (
            <NoChannels />
          ) : (
            rows.map((channel) => (
              <ChannelPanel
                key={channel.name}
                channel={channel}
                hosts={hosts.data?.filter((host) => host.channel === channel.name)}
              />
            ))
          )
        }
      </Loaded>
    </Page>
  )
}

function NoChannels() {
  return (
    <Empty title="No channels yet" command="slipway promote compute@1.0.0 stable">
      A channel says which version of each component its hosts run. The first promotion makes it.
    </Empty>
  )
}
