import type { ReleaseRef, ReleaseSet } from '../../src/contract/release-set.ts'
import { DigestText } from '../shared/digest-text.tsx'
import { Mark } from '../shared/mark.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'
import { type ComponentDrift, compareSets } from './drift.ts'
import { driftWords } from './words.ts'

interface ComponentTableProps {
  current: ReleaseSet | null
  desired: ReleaseSet | null
  generation: number
}

/** What the host runs against what it should run. */
export function ComponentTable({ current, desired, generation }: ComponentTableProps) {
  const rows = compareSets(current, desired)
  return (
    <Panel title="Components" aside={`generation ${generation}`} flush>
      {rows.length === 0 ? (
        <p className={table.none}>Nothing runs here yet, and the host’s channel points to nothing.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Component</th>
              <th scope="col">Runs</th>
              <th scope="col">Should run</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ComponentRow key={row.name} row={row} kept={desired === null} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function ComponentRow({ row: { name, current, desired, state }, kept }: { row: ComponentDrift; kept: boolean }) {
  const { label, tone, icon, meaning } = driftWords[state]
  return (
    <tr>
      <th scope="row">
        <Link href={addressOf.artifact(`components/${name}`)}>{name}</Link>
      </th>
      <td data-label="Runs">
        <Release release={current} />
      </td>
      <td data-label="Should run">{kept ? 'what it has' : <Release release={desired} />}</td>
      <td data-label="State">
        <Mark tone={tone} icon={icon} title={meaning}>
          {label}
        </Mark>
      </td>
    </tr>
  )
}

function Release({ release }: { release: ReleaseRef | undefined }) {
  if (!release) return <span className={table.soft}>none</span>
  return (
    <span className={table.number}>
      <code style={{ fontWeight: 600 }}>{release.version}</code>{' '}
      <span className={table.soft}>
        <DigestText digest={release.digest} what={`${release.name} ${release.version}`} />
      </span>
    </span>
  )
}
