import { afterEach } from 'vitest'
import type { Dom0 } from './dom0.ts'
import { say } from './image.ts'

const command = `xl list; for log in /var/log/xen/xl-*.log /var/log/xen/console/*.log /var/log/slipway/*.log; do echo "== $log"; tail -n 15 "$log"; done`

/** After a test that failed: what dom0 knows of its guests, for nobody can look later. */
export function showLogsOfFailures(dom0: Dom0): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    const { stdout } = await dom0.exec(['sh', '-c', command])
    say(`after "${task.name}":\n${stdout}`)
  })
}
