import { Button, Modal } from '@mantine/core'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'
import classes from './dialog.module.css'
import { Notice } from './notice.tsx'

interface DialogProps {
  title: string
  /** What the button says that does it. */
  action: string
  /** Something is lost by it. */
  danger?: boolean
  /** Why it cannot be done as things stand: the button is off. */
  disabled?: boolean
  size?: 'md' | 'xl'
  /** What it throws is shown, and the dialog stays. */
  onAction(): Promise<unknown>
  onClose(): void
  children: ReactNode
}

/** Asks before something is done. It takes the focus, and gives it back when it is closed. */
export function Dialog({ title, action, danger = false, disabled = false, size = 'md', ...props }: DialogProps) {
  const { onAction, onClose, children } = props
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  // Mantine gives the focus back only where the dialog stays mounted.
  const [opener] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus()
    },
    [opener],
  )

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await onAction()
      onClose()
    } catch (error) {
      setProblem((error as Error).message)
      setBusy(false)
    }
  }

  return (
    <Modal opened onClose={onClose} title={title} size={size} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className={classes.body} onSubmit={submit}>
        {children}
        {problem && <Notice tone="bad">{problem}</Notice>}
        <div className={classes.buttons}>
          <Button size="xs" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="xs" type="submit" loading={busy} disabled={disabled} {...(danger ? { color: 'red.9' } : {})}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
