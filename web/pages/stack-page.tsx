import { useMemo } from 'react'
import type { CloudInstance, CloudVolume } from '../../src/contract/cloud-instance.ts'
import type { GroupSummary, NetworkSummary } from '../../src/contract/network-view.ts'
import type { StackDetail } from '../../src/contract/plan.ts'
import { InstanceTable } from '../instance/instance-table.tsx'
import { byName } from '../instance/order.ts'
import { GroupTable } from '../network/group-table.tsx'
import { NetworkTable } from '../network/network-table.tsx'
import { Ago } from '../shared/ago.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Notice } from '../shared/notice.tsx'
import { Page } from '../shared/page.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'
import table from '../shared/table.module.css'
import { RevisionTable } from '../stack/revision-table.tsx'
import { StackText } from '../stack/stack-text.tsx'
import { VolumeTable } from '../stack/volume-table.tsx'

export function StackPage({ name }: { name: string }) {
  const stack = useResource<StackDetail>(`/stacks/${name}`)
  const { data } = stack
  return (
    <Page
      title={name}
      line={
        data && (
          <>
            Revision {data.revision}, applied <Ago at={data.appliedAt} /> by {data.appliedBy}
          </>
        )
      }
    >
      <Loaded resource={stack}>{(detail) => <Stack stack={detail} />}</Loaded>
    </Page>
  )
}

function Stack({ stack }: { stack: StackDetail }) {
  const { name, revision, removing } = stack
  const volumes = useResource<CloudVolume[]>('/volumes')
  return (
    <>
      {removing && <Notice tone="warn">The stack is being removed: it is gone when its last instance is.</Notice>}
      <StackInstances stack={name} />
      <Loaded resource={volumes}>
        {(rows) => <VolumeTable volumes={rows.filter((volume) => volume.stack === name)} />}
      </Loaded>
      <StackNetworks stack={name} />
      <RevisionTable stack={stack} />
      <StackText stack={name} revision={revision} />
    </>
  )
}

function StackNetworks({ stack }: { stack: string }) {
  const networks = useResource<NetworkSummary[]>('/networks')
  const groups = useResource<GroupSummary[]>('/security-groups')
  return (
    <>
      <Loaded resource={networks}>
        {(rows) => <NetworkTable networks={rows.filter((network) => network.stack === stack)} />}
      </Loaded>
      <Loaded resource={groups}>
        {(rows) => <GroupTable groups={rows.filter((group) => group.stack === stack)} />}
      </Loaded>
    </>
  )
}

function StackInstances({ stack }: { stack: string }) {
  const instances = useResource<CloudInstance[]>('/instances')
  return <Loaded resource={instances}>{(rows) => <Members stack={stack} instances={rows} />}</Loaded>
}

function Members({ stack, instances }: { stack: string; instances: CloudInstance[] }) {
  const members = useMemo(() => byName(instances.filter((one) => one.stack === stack)), [instances, stack])
  return (
    <Panel title="Instances" aside={<Link href={addressOf.instancesOf(stack)}>Look among all instances</Link>} flush>
      {members.length === 0 ? (
        <p className={table.none}>The stack has no instance.</p>
      ) : (
        <div className={table.scroll}>
          <InstanceTable instances={members} />
        </div>
      )}
    </Panel>
  )
}
