import type { HostDetail } from '../../src/contract/host.ts'
import { CapabilityList } from '../host/capability-list.tsx'
import { CheckTable } from '../host/check-table.tsx'
import { ComponentTable } from '../host/component-table.tsx'
import { ConditionMark } from '../host/condition-mark.tsx'
import { DaemonList } from '../host/daemon-list.tsx'
import { HostFacts } from '../host/host-facts.tsx'
import { reasonText } from '../host/reason.ts'
import { RejectionList } from '../host/rejection-list.tsx'
import { UpdatePanel } from '../host/update-panel.tsx'
import { Empty } from '../shared/empty.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { useResource } from '../shared/server.tsx'
import classes from './host-page.module.css'

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
  const { report, desired, generation } = host
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
          </>
        )}
      </div>
      <div className={classes.column}>
        <HostFacts host={host} />
        {report && (
          <>
            <DaemonList daemons={report.daemons} />
            <CapabilityList capabilities={report.capabilities} />
          </>
        )}
      </div>
    </div>
  )
}
