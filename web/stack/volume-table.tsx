import type { CloudVolume } from '../../src/contract/cloud-instance.ts'
import { bytesText } from '../shared/bytes.ts'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { WordMark } from '../shared/word-mark.tsx'
import { volumeStates } from './words.ts'

/** The volumes of a stack; nothing at all when it has none. */
export function VolumeTable({ volumes }: { volumes: readonly CloudVolume[] }) {
  if (volumes.length === 0) return null
  return (
    <Panel title="Volumes" aside={volumes.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Volume</th>
            <th scope="col">State</th>
            <th scope="col">Size</th>
            <th scope="col">Used</th>
            <th scope="col">Host</th>
            <th scope="col">Instances</th>
          </tr>
        </thead>
        <tbody>
          {volumes.map(({ id, name, state, reason, sizeBytes, usedBytes, host, instances }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              <td>
                <WordMark word={volumeStates[state]} />
                {reason && <p className={table.why}>{reason}</p>}
              </td>
              <td data-label="Size" className={table.number}>
                {bytesText(sizeBytes)}
              </td>
              <td data-label="Used" className={table.number}>
                {bytesText(usedBytes)}
              </td>
              <td data-label="Host">{host && <Link href={addressOf.host(host)}>{host}</Link>}</td>
              <td data-label="Instances">
                {instances.length > 0 && (
                  <span>
                    {instances.map((instance) => (
                      <Link key={instance} href={addressOf.instance(instance)} style={{ display: 'block' }}>
                        {instance}
                      </Link>
                    ))}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
