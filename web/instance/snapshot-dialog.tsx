import { Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { SnapshotStatus } from '../../src/contract/compute-status.ts'
import { Dialog } from '../shared/dialog.tsx'
import { useOperate } from './operate.ts'
import { newSnapshotName, snapshotNameProblem } from './snapshot-name.ts'

interface SnapshotDialogProps {
  instance: string
  snapshots: readonly SnapshotStatus[]
  /** Whether there is a memory to take. */
  runs: boolean
  onClose(): void
}

/** Asks for the name of a new snapshot, and what is to be in it. */
export function SnapshotDialog({ instance, snapshots, runs, onClose }: SnapshotDialogProps) {
  const operate = useOperate(instance)
  const [name, setName] = useState(() => newSnapshotName(new Date()))
  const [memory, setMemory] = useState(false)
  const problem = snapshotNameProblem(
    name,
    snapshots.map((snapshot) => snapshot.name),
  )
  return (
    <Dialog
      title={`Take a snapshot of ${instance}`}
      action="Take it"
      disabled={problem !== undefined}
      onAction={() => operate({ kind: 'snapshot', arguments: { name, memory } })}
      onClose={onClose}
    >
      <TextInput
        size="xs"
        label="Name"
        data-autofocus
        autoComplete="off"
        spellCheck={false}
        value={name}
        error={problem}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox
        size="xs"
        label="With the memory"
        description={
          runs
            ? 'The guest goes on from this moment when it is restored. It stands still while its memory is written.'
            : 'It does not run, so it has no memory to keep.'
        }
        disabled={!runs}
        checked={memory}
        onChange={(event) => setMemory(event.currentTarget.checked)}
      />
    </Dialog>
  )
}
