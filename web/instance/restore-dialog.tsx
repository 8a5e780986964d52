import { Checkbox } from '@mantine/core'
import { useState } from 'react'
import type { SnapshotStatus } from '../../src/contract/compute-status.ts'
import { Ago } from '../shared/ago.tsx'
import { Dialog } from '../shared/dialog.tsx'
import { Notice } from '../shared/notice.tsx'
import { useOperate } from './operate.ts'
import { youngerThan } from './younger.ts'

interface RestoreDialogProps {
  instance: string
  name: string
  snapshots: readonly SnapshotStatus[]
  onClose(): void
}

/** Asks before an instance goes back, and names the snapshots that would be lost: those that are younger stand in the way. */
export function RestoreDialog({ instance, name, snapshots, onClose }: RestoreDialogProps) {
  const operate = useOperate(instance)
  // What was agreed to is agreed to by name: one that is taken meanwhile asks anew.
  const [discarded, setDiscarded] = useState<string>()
  const snapshot = snapshots.find((one) => one.name === name)
  const younger = youngerThan(name, snapshots)
  const list = younger.join(', ')
  const discardYounger = younger.length > 0 && discarded === list
  return (
    <Dialog
      title={`Restore ${instance}?`}
      action="Restore"
      danger
      disabled={!snapshot || (younger.length > 0 && !discardYounger)}
      onAction={() => operate({ kind: 'restore', arguments: { name, discardYounger } })}
      onClose={onClose}
    >
      {snapshot ? (
        <p>
          The disks go back to <strong>{name}</strong>, taken <Ago at={snapshot.at} />
          {snapshot.memory ? ', and the guest goes on from its memory of then' : ''}. The guest is cut off, and all that
          it has written since is lost.
        </p>
      ) : (
        <Notice tone="bad">The snapshot {name} is gone.</Notice>
      )}
      {younger.length > 0 && (
        <Notice tone="warn">
          <p>
            {younger.length === 1
              ? 'A younger snapshot is lost with it'
              : `${younger.length} younger snapshots are lost with it`}
            : <strong>{list}</strong>
          </p>
          <Checkbox
            mt={8}
            size="xs"
            label={younger.length === 1 ? 'Discard it' : 'Discard them'}
            checked={discardYounger}
            onChange={(event) => setDiscarded(event.currentTarget.checked ? list : undefined)}
          />
        </Notice>
      )}
    </Dialog>
  )
}
