import { memo } from 'react'
import type { HostSummary } from '../../src/contract/host.ts'
import { Ago } from '../shared/ago.tsx'
import { Labels } from '../shared/labels.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { ConditionMark } from './condition-mark.tsx'
import type { Wanted } from './drift.ts'
import classes from './host-row.module.css'
import { reasonText } from './reason.ts'
import { VersionCell } from './version-cell.tsx'

interface HostRowProps {
  host: HostSummary
  components: readonly string[]
  /** What the host's channel points to; undefined while that is not known. */
  wanted: Wanted[string] | undefined
}

/** One host. It renders again only when something of it changed. */
export const HostRow = memo(function HostRow({ host, components, wanted }: HostRowProps) {
  const { name, channel, labels, condition, versions, lastSeenAt } = host
  const reason = reasonText(host)
  return (
    <tr className={classes.row}>
      <th scope="row" className={classes.name}>
        <Link href={addressOf.host(name)}>{name}</Link>
      </th>
      <td className={classes.condition}>
        <ConditionMark condition={condition} />
        {reason && (
          <p className={table.why} title={reason}>
            {reason}
          </p>
        )}
      </td>
      <td data-label="Channel">{channel}</td>
      {components.map((component) => (
        <td key={component} data-label={component} className={table.number}>
          <VersionCell component={component} runs={versions[component]} wants={wanted?.[component]} channel={channel} />
        </td>
      ))}
      <td data-label="Labels" className={classes.labels}>
        <Labels labels={labels} />
      </td>
      <td data-label="Last seen" className={`${table.number} ${table.soft}`}>
        <Ago at={lastSeenAt} />
      </td>
    </tr>
  )
})
