import { useMemo, useState } from 'react'
import type { Channel } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'
import { countConditions, filterHosts, filterQuery, type HostFilter, readFilter } from '../host/filter.ts'
import { HostTable } from '../host/host-table.tsx'
import { type HostOrder, sortHosts } from '../host/sort.ts'
import { conditions } from '../host/words.ts'
import { Empty } from '../shared/empty.tsx'
import { FilterBar } from '../shared/filter-bar.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { navigate, useQuery } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'
import { WordCounts } from '../shared/word-counts.tsx'

export function HostsPage() {
  const hosts = useResource<HostSummary[]>('/hosts')
  const channels = useResource<Channel[]>('/channels')
  return (
    <Page title="Hosts">
      <Loaded resource={hosts}>{(rows) => <Hosts hosts={rows} channels={channels.data ?? noChannels} />}</Loaded>
    </Page>
  )
}

const noChannels: Channel[] = []

function Hosts({ hosts, channels }: { hosts: HostSummary[]; channels: Channel[] }) {
  const query = useQuery()
  const filter = useMemo(() => readFilter(new URLSearchParams(query)), [query])
  const [order, setOrder] = useState<HostOrder>({ by: 'name', descending: false })
  // The counts are those of the hosts that the other filters leave: what a click on them would show.
  const candidates = useMemo(() => filterHosts(hosts, { ...filter, condition: '' }), [hosts, filter])
  const shown = useMemo(() => sortHosts(filterHosts(candidates, filter), order), [candidates, filter, order])
  if (hosts.length === 0) return <NoHosts />

  const setFilter = (next: HostFilter) => navigate(addressOf.hosts + filterQuery(next), { replace: true })
  const channelNames = [...new Set([...channels, ...hosts.map(({ channel: name }) => ({ name }))].map((c) => c.name))]
  return (
    <>
      <WordCounts
        legend="Filter by condition"
        all="All hosts"
        words={conditions}
        counts={countConditions(candidates)}
        chosen={filter.condition}
        onChoose={(condition) => setFilter({ ...filter, condition })}
      />
      <FilterBar
        things="hosts"
        placeholder="Name, rack=a1, compute@1.1.0, reason"
        text={filter.text}
        onText={(text) => setFilter({ ...filter, text })}
        choices={[
          {
            label: 'Channel',
            all: 'All channels',
            value: filter.channel,
            options: channelNames.sort(),
            onChoose: (channel) => setFilter({ ...filter, channel }),
          },
        ]}
        shown={shown.length}
        total={hosts.length}
      />
      {shown.length > 0 ? (
        <HostTable hosts={shown} channels={channels} order={order} onOrder={setOrder} />
      ) : (
        <Empty title="No host matches">Take a word away from the filter, or choose all hosts above.</Empty>
      )}
    </>
  )
}

function NoHosts() {
  return (
    <Empty title="No hosts yet" command="slipway host join-token --channel stable">
      A host is a FreeBSD machine that runs the agent. This command prints the one line to run on it, as root.
    </Empty>
  )
}
