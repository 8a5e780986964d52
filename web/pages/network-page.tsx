import type { NetworkDetail } from '../../src/contract/network-view.ts'
import { AttachmentTable } from '../network/attachment-table.tsx'
import { NetworkHostTable } from '../network/network-host-table.tsx'
import { Facts } from '../shared/facts.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'

export function NetworkPage({ name }: { name: string }) {
  const network = useResource<NetworkDetail>(`/networks/${name}`)
  return (
    <Page title={name}>
      <Loaded resource={network}>{(detail) => <Network network={detail} />}</Loaded>
    </Page>
  )
}

function Network({ network }: { network: NetworkDetail }) {
  const { id, stack, bridge, vlan, ranges, hosts, attachments } = network
  return (
    <>
      <Panel title="Network">
        <Facts
          facts={{
            Stack: <Link href={addressOf.stack(stack)}>{stack}</Link>,
            Ranges: ranges.length > 0 ? ranges.join(', ') : 'none: what is said on it is not filtered',
            Bridge: <code>{bridge}</code>,
            VLAN: vlan,
            Id: <code>{id}</code>,
          }}
        />
      </Panel>
      <NetworkHostTable hosts={hosts} />
      <AttachmentTable attachments={attachments} />
    </>
  )
}
