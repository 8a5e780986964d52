import { useMemo } from 'react'
import type { Channel } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'
import { Icon } from '../shared/icon.tsx'
import table from '../shared/table.module.css'
import { componentColumns, wantedVersions } from './drift.ts'
import { HostRow } from './host-row.tsx'
import classes from './host-table.module.css'
import type { HostColumn, HostOrder } from './sort.ts'

interface HostTableProps {
  /** In the order in which they are shown. */
  hosts: readonly HostSummary[]
  channels: readonly Channel[]
  order: HostOrder
  onOrder(order: HostOrder): void
}

export function HostTable({ hosts, channels, order, onOrder }: HostTableProps) {
  const wanted = useMemo(() => wantedVersions(channels), [channels])
  // One string, so that rows see the same array as long as the columns are the same.
  const columnNames = componentColumns(hosts, wanted).join(' ')
  const components = useMemo(() => columnNames.split(' ').filter(Boolean), [columnNames])
  const heading = { order, onOrder }
  return (
    <div className={table.frame}>
      <table className={table.table}>
        <thead>
          <tr>
            <SortHeading column="name" {...heading}>
              Host
            </SortHeading>
            <SortHeading column="condition" {...heading}>
              Condition
            </SortHeading>
            <SortHeading column="channel" {...heading}>
              Channel
            </SortHeading>
            {components.map((component) => (
              <th key={component} scope="col">
                {component}
              </th>
            ))}
            <th scope="col">Labels</th>
            <SortHeading column="lastSeenAt" {...heading}>
              Last seen
            </SortHeading>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <HostRow key={host.id} host={host} components={components} wanted={wanted[host.channel]} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface SortHeadingProps extends Pick<HostTableProps, 'order' | 'onOrder'> {
  column: HostColumn
  children: string
}

function SortHeading({ column, order, onOrder, children }: SortHeadingProps) {
  const sorted = order.by === column
  const direction = order.descending ? 'descending' : 'ascending'
  return (
    <th scope="col" aria-sort={sorted ? direction : undefined}>
      <button
        type="button"
        className={classes.sort}
        onClick={() => onOrder({ by: column, descending: sorted && !order.descending })}
      >
        {children}
        {sorted && <Icon name={order.descending ? 'down' : 'up'} size={12} />}
      </button>
    </th>
  )
}
