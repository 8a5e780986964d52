import { Dialog } from '../shared/dialog.tsx'
import { useOperate } from './operate.ts'

interface DeleteSnapshotDialogProps {
  instance: string
  name: string
  onClose(): void
}

export function DeleteSnapshotDialog({ instance, name, onClose }: DeleteSnapshotDialogProps) {
  const operate = useOperate(instance)
  return (
    <Dialog
      title={`Delete the snapshot ${name}?`}
      action="Delete"
      danger
      onAction={() => operate({ kind: 'delete-snapshot', arguments: { name } })}
      onClose={onClose}
    >
      <p>{instance} can then not go back to it. The instance itself is not touched.</p>
    </Dialog>
  )
}
