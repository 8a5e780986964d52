import { Button } from '@mantine/core'
import { useState } from 'react'
import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import type { SnapshotStatus } from '../../src/contract/compute-status.ts'
import { Ago } from '../shared/ago.tsx'
import { bytesText } from '../shared/bytes.ts'
import { Panel } from '../shared/panel.tsx'
import { useIsAdmin } from '../shared/server.tsx'
import table from '../shared/table.module.css'
import { DeleteSnapshotDialog } from './delete-snapshot-dialog.tsx'
import { possible } from './possible.ts'
import { RestoreDialog } from './restore-dialog.tsx'
import { SnapshotDialog } from './snapshot-dialog.tsx'
import { newestFirst } from './younger.ts'

interface SnapshotTableProps {
  instance: CloudInstance
  snapshots: readonly SnapshotStatus[]
}

type Asking = { kind: 'take' } | { kind: 'restore' | 'delete'; name: string }

/** The snapshots of an instance, the newest first; for those who may, with what can be done with them. */
export function SnapshotTable({ instance, snapshots }: SnapshotTableProps) {
  const isAdmin = useIsAdmin()
  const [asking, setAsking] = useState<Asking>()
  const can = possible(instance).snapshots
  const close = () => setAsking(undefined)
  const dialog = { instance: instance.name, snapshots, onClose: close }
  return (
    <Panel
      title="Snapshots"
      aside={
        isAdmin ? (
          <Button size="compact-xs" variant="default" disabled={!can} onClick={() => setAsking({ kind: 'take' })}>
            Take a snapshot
          </Button>
        ) : (
          snapshots.length
        )
      }
      flush
    >
      {snapshots.length === 0 ? (
        <p className={table.none}>
          None. A snapshot keeps all disks as they are at one moment, and costs what changes since.
        </p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Snapshot</th>
              <th scope="col">Taken</th>
              <th scope="col">Of</th>
              <th scope="col">Size</th>
              {isAdmin && <th scope="col">Do</th>}
            </tr>
          </thead>
          <tbody>
            {newestFirst(snapshots).map(({ name, at, memory, usedBytes }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td data-label="Taken" className={`${table.number} ${table.soft}`}>
                  <Ago at={at} />
                </td>
                <td data-label="Of">{memory ? 'disks and memory' : 'disks'}</td>
                <td data-label="Size" className={table.number}>
                  {bytesText(usedBytes)}
                </td>
                {isAdmin && (
                  <td className={table.actions}>
                    <Button
                      size="compact-xs"
                      variant="default"
                      disabled={!can}
                      aria-label={`Restore ${name}`}
                      onClick={() => setAsking({ kind: 'restore', name })}
                    >
                      Restore
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      disabled={!can}
                      aria-label={`Delete ${name}`}
                      onClick={() => setAsking({ kind: 'delete', name })}
                    >
                      Delete
                    </Button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {asking?.kind === 'take' && <SnapshotDialog {...dialog} runs={instance.state === 'running'} />}
      {asking?.kind === 'restore' && <RestoreDialog {...dialog} name={asking.name} />}
      {asking?.kind === 'delete' && <DeleteSnapshotDialog {...dialog} name={asking.name} />}
    </Panel>
  )
}
