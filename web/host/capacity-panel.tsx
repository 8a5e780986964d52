import type { ComputeStatus } from '../../src/contract/compute-status.ts'
import { bytesText } from '../shared/bytes.ts'
import { Meter } from '../shared/meter.tsx'
import { Panel } from '../shared/panel.tsx'
import classes from './capacity-panel.module.css'

interface CapacityPanelProps {
  capacity: NonNullable<ComputeStatus['capacity']>
  /** Virtual processors of all instances here. */
  vcpus: number
}

/** What the host has for instances, and how much of it is taken. */
export function CapacityPanel({ capacity, vcpus }: CapacityPanelProps) {
  const { memoryMiB, freeMemoryMiB, cpus, diskBytes, freeDiskBytes } = capacity
  return (
    <Panel title="Capacity">
      <div className={classes.parts}>
        <Taken what="Memory" total={memoryMiB * 2 ** 20} free={freeMemoryMiB * 2 ** 20} />
        <Taken what="Disk" total={diskBytes} free={freeDiskBytes} />
        <p className={classes.soft}>
          {vcpus === 1 ? '1 vCPU' : `${vcpus} vCPUs`} on {cpus === 1 ? '1 processor' : `${cpus} processors`}
        </p>
      </div>
    </Panel>
  )
}

function Taken({ what, total, free }: { what: string; total: number; free: number }) {
  const taken = Math.max(0, total - free)
  const share = total === 0 ? 0 : taken / total
  return (
    <div>
      <p className={classes.words}>
        <span>{what}</span>
        <span className={classes.soft}>
          {bytesText(free)} free of {bytesText(total)}
        </span>
      </p>
      <div className={classes.bar}>
        <Meter
          value={share}
          max={1}
          tone={share > 0.95 ? 'bad' : share > 0.85 ? 'warn' : 'busy'}
          label={`${what}: ${Math.round(100 * share)} % taken`}
        />
      </div>
    </div>
  )
}
