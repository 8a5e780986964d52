import type { HostSummary } from '../../src/contract/host.ts'

/** A host as the API answers it; healthy on compute 1.0.0 unless `parts` says otherwise. */
export function hostRow(parts: Partial<HostSummary> & Pick<HostSummary, 'name'>): HostSummary {
  return {
    id: Buffer.from(parts.name).toString('hex').padStart(16, '0').slice(-16),
    channel: 'stable',
    labels: {},
    condition: 'healthy',
    versions: { compute: '1.0.0' },
    enrolledAt: '2026-11-01T00:00:00.000Z',
    lastSeenAt: '2026-11-22T00:00:00.000Z',
    ...parts,
  }
}
