import { memo } from 'react'
import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import { Lasting } from '../shared/ago.tsx'
import { bytesText } from '../shared/bytes.ts'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { WordMark } from '../shared/word-mark.tsx'
import classes from './instance-row.module.css'
import { isUp } from './possible.ts'
import { changeText, healths, instanceStates } from './words.ts'

interface InstanceRowProps {
  instance: CloudInstance
  /** Whether to name the host. */
  host: boolean
}

/** One instance. It renders again only when something of it changed. */
export const InstanceRow = memo(function InstanceRow({ instance, host }: InstanceRowProps) {
  const { name, state, reason, health, healthMessage, addresses, image, vcpus, memoryMiB, startedAt, restarts } =
    instance
  const change = changeText(instance)
  return (
    <tr className={classes.row}>
      <th scope="row" className={classes.name}>
        <Link href={addressOf.instance(name)}>{name}</Link>
      </th>
      <td className={classes.state}>
        <WordMark word={instanceStates[state]} />
        {[change, reason].map(
          (why) =>
            why && (
              <p key={why} className={table.why} title={why}>
                {why}
              </p>
            ),
        )}
      </td>
      <td data-label="Health">{health !== 'unknown' && <Health health={health} message={healthMessage} />}</td>
      {host && (
        <td data-label="Host">
          <Link href={addressOf.host(instance.host)}>{instance.host}</Link>
        </td>
      )}
      <td data-label="Addresses" className={classes.long}>
        {addresses.length > 0 && (
          <span>
            {addresses.map((address) => (
              <code key={address} className={classes.address}>
                {address}
              </code>
            ))}
          </span>
        )}
      </td>
      <td data-label="Image" className={classes.long}>
        {image && (
          <span>
            {image.name} <code>{image.version}</code>
          </span>
        )}
      </td>
      <td data-label="Size" className={table.number}>
        {vcpus} × {bytesText(memoryMiB * 2 ** 20)}
      </td>
      <td data-label="Up" className={`${table.number} ${table.soft}`}>
        {isUp(state) && startedAt && <Lasting since={startedAt} />}
      </td>
      <td data-label="Restarts" className={table.number}>
        {restarts}
      </td>
    </tr>
  )
})

function Health({ health, message }: { health: CloudInstance['health']; message: string | undefined }) {
  return (
    <span>
      <WordMark word={healths[health]} />
      {message && (
        <span className={table.why} title={message}>
          {message}
        </span>
      )}
    </span>
  )
}
