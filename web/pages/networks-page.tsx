import type { FloatingIpSummary, GroupSummary, NetworkSummary } from '../../src/contract/network-view.ts'
import { FloatingIpTable } from '../network/floating-ip-table.tsx'
import { GroupTable } from '../network/group-table.tsx'
import { NetworkTable } from '../network/network-table.tsx'
import { TraceForm } from '../network/trace-form.tsx'
import { Empty } from '../shared/empty.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { useResource } from '../shared/server.tsx'

export function NetworksPage() {
  const networks = useResource<NetworkSummary[]>('/networks')
  return (
    <Page title="Networks">
      <Loaded resource={networks}>
        {(rows) => (rows.length === 0 ? <NoNetworks /> : <Networks networks={rows} />)}
      </Loaded>
    </Page>
  )
}

function Networks({ networks }: { networks: NetworkSummary[] }) {
  const groups = useResource<GroupSummary[]>('/security-groups')
  const floatingIps = useResource<FloatingIpSummary[]>('/floating-ips')
  return (
    <>
      <NetworkTable networks={networks} />
      <TraceForm networks={networks} />
      <Loaded resource={groups}>{(rows) => <GroupTable groups={rows} />}</Loaded>
      <Loaded resource={floatingIps}>{(rows) => <FloatingIpTable addresses={rows} />}</Loaded>
    </>
  )
}

function NoNetworks() {
  return (
    <Empty title="No networks yet" command="slipway apply -f stack.yaml">
      A network is part of a stack: a bridge on each host that runs an instance of it, with addresses, names and rules.
    </Empty>
  )
}
