import { Checkbox } from '@mantine/core'
import { useState } from 'react'
import { Dialog } from '../shared/dialog.tsx'
import { useOperate } from './operate.ts'

interface StopDialogProps {
  kind: 'stop' | 'reboot'
  instance: string
  onClose(): void
}

const words = {
  stop: {
    action: 'Stop',
    meaning: 'The guest is asked to shut down. When it takes longer than its time for that, it is cut off.',
    force: 'Cut it off at once',
  },
  reboot: {
    action: 'Reboot',
    meaning: 'The guest is asked to shut down and start again.',
    force: 'Cut it off and start it again',
  },
} as const

/** Asks before a guest is interrupted, and how. */
export function StopDialog({ kind, instance, onClose }: StopDialogProps) {
  const operate = useOperate(instance)
  const [force, setForce] = useState(false)
  const { action, meaning, force: forceLabel } = words[kind]
  return (
    <Dialog
      title={`${action} ${instance}?`}
      action={action}
      danger={force}
      onAction={() => operate({ kind, arguments: { force } })}
      onClose={onClose}
    >
      <p>{meaning}</p>
      <Checkbox
        size="xs"
        label={forceLabel}
        description="It is not asked; what it has not written to its disks is lost."
        checked={force}
        onChange={(event) => setForce(event.currentTarget.checked)}
      />
    </Dialog>
  )
}
