import { Button } from '@mantine/core'
import { useState } from 'react'
import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import { Icon } from '../shared/icon.tsx'
import { Notice } from '../shared/notice.tsx'
import { navigate } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useIsAdmin } from '../shared/server.tsx'
import classes from './instance-actions.module.css'
import { useOperate } from './operate.ts'
import { possible } from './possible.ts'
import { StopDialog } from './stop-dialog.tsx'

/** What can be done to an instance, for those who may. */
export function InstanceActions({ instance }: { instance: CloudInstance }) {
  const isAdmin = useIsAdmin()
  const operate = useOperate(instance.name)
  const [asking, setAsking] = useState<'stop' | 'reboot'>()
  const [problem, setProblem] = useState<string>()
  if (!isAdmin) return null

  const can = possible(instance)
  const start = () => {
    setProblem(undefined)
    operate({ kind: 'start' }).catch((error: Error) => setProblem(error.message))
  }
  return (
    <>
      <div className={classes.actions}>
        <Button size="compact-sm" variant="default" disabled={!can.start} onClick={start}>
          Start
        </Button>
        <Button size="compact-sm" variant="default" disabled={!can.stop} onClick={() => setAsking('stop')}>
          Stop
        </Button>
        <Button size="compact-sm" variant="default" disabled={!can.reboot} onClick={() => setAsking('reboot')}>
          Reboot
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!can.console}
          leftSection={<Icon name="terminal" />}
          onClick={() => navigate(addressOf.console(instance.name))}
        >
          Console
        </Button>
      </div>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {asking && <StopDialog kind={asking} instance={instance.name} onClose={() => setAsking(undefined)} />}
    </>
  )
}
