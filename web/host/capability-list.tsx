import type { HostReport } from '../../src/contract/report.ts'
import { Facts } from '../shared/facts.tsx'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'

/** What the host can do, and why not. */
export function CapabilityList({ capabilities }: { capabilities: HostReport['capabilities'] }) {
  const rows = Object.entries(capabilities)
  if (rows.length === 0) return null
  return (
    <Panel title="Capabilities">
      <Facts
        facts={Object.fromEntries(
          rows.map(([name, { available, reason }]) => [
            name,
            <>
              <Mark tone={available ? 'good' : 'quiet'} icon={available ? 'check' : 'cross'}>
                {available ? 'Available' : 'Not available'}
              </Mark>
              {reason && <p style={{ color: 'var(--ink-soft)', fontSize: 12 }}>{reason}</p>}
            </>,
          ]),
        )}
      />
    </Panel>
  )
}
