import type { HostDetail } from '../../src/contract/host.ts'
import type { HostReport } from '../../src/contract/report.ts'
import { Ago } from '../shared/ago.tsx'
import { Copy } from '../shared/copy.tsx'
import { Facts } from '../shared/facts.tsx'
import { Labels } from '../shared/labels.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'

/** What is known of the machine itself. */
export function HostFacts({ host }: { host: HostDetail }) {
  const { id, channel, labels, enrolledAt, lastSeenAt, report } = host
  return (
    <Panel title="Host">
      <Facts
        facts={{
          Channel: <Link href={addressOf.channel(channel)}>{channel}</Link>,
          Labels: Object.keys(labels).length > 0 && <Labels labels={labels} />,
          'Last seen': <Ago at={lastSeenAt} />,
          Enrolled: <Ago at={enrolledAt} />,
          System: report && `FreeBSD ${report.release}`,
          Architecture: report?.platform.architecture,
          Agent: report && <code>{report.agentVersion}</code>,
          Metrics: report && <Metrics report={report} />,
          Id: (
            <>
              <code>{id}</code> <Copy text={id} what="the id" />
            </>
          ),
        }}
      />
    </Panel>
  )
}

/** An agent that is older than metrics over TLS does not say by which scheme it answers. */
function Metrics({ report: { metricsAddress, metricsScheme = 'http' } }: { report: HostReport }) {
  if (metricsAddress === undefined) return 'switched off'
  return (
    <>
      <code>{metricsAddress}</code>{' '}
      <Copy text={`${metricsScheme}://${metricsAddress}/metrics`} what="the address of the metrics" />
    </>
  )
}
