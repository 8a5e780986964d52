import { useMemo } from 'react'
import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import type { HostDetail } from '../../src/contract/host.ts'
import { capabilitiesOf, capacityOf } from '../host/abilities.ts'
import { CapabilityList } from '../host/capability-list.tsx'
import { CapacityPanel } from '../host/capacity-panel.tsx'
import { hostCharts } from '../host/charts.ts'
import { CheckTable } from '../host/check-table.tsx'
import { ComponentTable } from '../host/component-table.tsx'
import { ConditionMark } from '../host/condition-mark.tsx'
import { DaemonList } from '../host/daemon-list.tsx'
import { HostFacts } from '../host/host-facts.tsx'
import { NetworkPanel } from '../host/network-panel.tsx'
import { reasonText } from '../host/reason.ts'
import { RejectionList } from '../host/rejection-list.tsx'
import { UpdatePanel } from '../host/update-panel.tsx'
import { InstanceTable } from '../instance/instance-table.tsx'
import { byName } from '../instance/order.ts'
import classes from '../shared/columns.module.css'
import { Empty } from '../shared/empty.tsx'
import { HistoryPanel } from '../shared/history-panel.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { Panel } from '../shared/panel.tsx'
import { useResource } from '../shared/server.tsx'
import table from '../shared/table.module.css'

export function HostPage({ name }: { name: string }) {
  const host = useResource<HostDetail>(`/hosts/${name}`)
  const { data } = host
  return (
    <Page title={name} beside={data && <ConditionMark condition={data.condition} />} line={data && reasonText(data)}>
      <Loaded resource={host}>{(detail) => <Host host={detail} />}</Loaded>
    </Page>
  )
}

function Host({ host }: { host: HostDetail }) {
  const { report, desired, generation, network } = host
  const capacity = report && capacityOf(report)
  const instances = useInstances(host.name)
  const vcpus = instances.reduce((sum, instance) => sum + instance.vcpus, 0)
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        {!report && (
          <Empty title="This host has not reported yet" command="service slipway_agent status">
            It enrolled, but its agent has told nothing since. Look on the host whether the agent runs:
          </Empty>
        )}
        <ComponentTable current={report?.current ?? null} desired={desired} generation={generation} />
        {report && (
          <>
            <UpdatePanel report={report} />
            <RejectionList rejected={report.rejected} />
            <CheckTable checks={report.checks} />
            <HistoryPanel path={`/hosts/${host.name}/history`} charts={hostCharts} />
            {(capacity || instances.length > 0) && <Instances instances={instances} />}
          </>
        )}
      </div>
      <div className={classes.column}>
        <HostFacts host={host} />
        {capacity && <CapacityPanel capacity={capacity} vcpus={vcpus} />}
        {network && <NetworkPanel host={host} network={network} />}
        {report && (
          <>
            <DaemonList daemons={report.daemons} />
            <CapabilityList capabilities={capabilitiesOf(report)} />
          </>
        )}
      </div>
    </div>
  )
}

function useInstances(host: string): CloudInstance[] {
  const { data } = useResource<CloudInstance[]>('/instances')
  return useMemo(() => byName((data ?? []).filter((instance) => instance.host === host)), [data, host])
}

function Instances({ instances }: { instances: CloudInstance[] }) {
  return (
    <Panel title="Instances" aside={instances.length} flush>
      {instances.length === 0 ? (
        <p className={table.none}>No instance was placed here.</p>
      ) : (
        <div className={table.scroll}>
          <InstanceTable instances={instances} host={false} />
        </div>
      )}
    </Panel>
  )
}
