import type { Channel, ChannelPointer } from '../../src/contract/channel.ts'
import type { HostSummary } from '../../src/contract/host.ts'
import { conditions } from '../host/words.ts'
import { Ago } from '../shared/ago.tsx'
import { Icon } from '../shared/icon.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { Share } from '../shared/share.tsx'
import table from '../shared/table.module.css'
import { adoption } from './adoption.ts'
import classes from './channel-panel.module.css'

interface ChannelPanelProps {
  channel: Channel
  /** The hosts that follow it; undefined while they are not known. */
  hosts: readonly HostSummary[] | undefined
}

/** Where a channel points, who moved it there, and how far its hosts have followed. */
export function ChannelPanel({ channel: { name, pointers, hosts: count }, hosts }: ChannelPanelProps) {
  const total = hosts?.length ?? count
  return (
    <Panel
      title={name}
      aside={<Link href={addressOf.channel(name)}>{total === 1 ? '1 host' : `${total} hosts`}</Link>}
      flush
    >
      {pointers.length === 0 ? (
        <p className={classes.note}>It points to nothing yet: its hosts keep what they have.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Component</th>
              <th scope="col">Version</th>
              <th scope="col">Hosts that run it</th>
              <th scope="col">Promoted</th>
              <th scope="col">By</th>
            </tr>
          </thead>
          <tbody>
            {pointers.map((pointer) => (
              <PointerRow key={pointer.component} pointer={pointer} hosts={hosts} />
            ))}
          </tbody>
        </table>
      )}
      {hosts && hosts.length > 0 && <HostLinks hosts={hosts} />}
    </Panel>
  )
}

function PointerRow({ pointer, hosts }: { pointer: ChannelPointer } & Pick<ChannelPanelProps, 'hosts'>) {
  const { component, version, promotedAt, promotedBy } = pointer
  return (
    <tr>
      <th scope="row">
        <Link href={addressOf.artifact(`components/${component}`)}>{component}</Link>
      </th>
      <td data-label="Version">
        <code>{version}</code>
      </td>
      <td data-label="Hosts">
        {hosts && <Share part={adoption(pointer, hosts)} total={hosts.length} what="hosts run it" none="no hosts" />}
      </td>
      <td data-label="Promoted" className={table.soft}>
        <Ago at={promotedAt} />
      </td>
      <td data-label="By">{promotedBy}</td>
    </tr>
  )
}

function HostLinks({ hosts }: { hosts: readonly HostSummary[] }) {
  return (
    <ul className={classes.hosts} aria-label="Hosts of the channel">
      {hosts.map(({ id, name, condition }) => {
        const { tone, icon, label } = conditions[condition]
        return (
          <li key={id}>
            <Link href={addressOf.host(name)} data-tone={tone} title={label} aria-label={`${name}: ${label}`}>
              <Icon name={icon} size={12} />
              {name}
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
