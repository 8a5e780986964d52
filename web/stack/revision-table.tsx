import { Button } from '@mantine/core'
import { Fragment, useState } from 'react'
import type { StackDetail } from '../../src/contract/plan.ts'
import { Ago } from '../shared/ago.tsx'
import { Panel } from '../shared/panel.tsx'
import { useIsAdmin } from '../shared/server.tsx'
import table from '../shared/table.module.css'
import { RevertDialog } from './revert-dialog.tsx'
import { RevisionDiff } from './revision-diff.tsx'

/** Each apply of a stack, the newest first; what it changed, and the way back to it. */
export function RevisionTable({ stack: { name, revision: newest, removing, revisions } }: { stack: StackDetail }) {
  const isAdmin = useIsAdmin()
  const [compared, setCompared] = useState<number>()
  const [wanted, setWanted] = useState<number>()
  return (
    <Panel title="Revisions" aside={revisions.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Revision</th>
            <th scope="col">Applied</th>
            <th scope="col">By</th>
            <th scope="col">Note</th>
            <th scope="col">Images</th>
            {isAdmin && <th scope="col">Do</th>}
          </tr>
        </thead>
        <tbody>
          {revisions.map(({ revision, appliedAt, appliedBy, note, images }, place) => {
            const before = revisions[place + 1]?.revision
            return (
              <Fragment key={revision}>
                <tr>
                  <th scope="row" className={table.number}>
                    {revision}
                  </th>
                  <td data-label="Applied" className={`${table.number} ${table.soft}`}>
                    <Ago at={appliedAt} />
                  </td>
                  <td data-label="By">{appliedBy}</td>
                  <td data-label="Note">{note}</td>
                  <td data-label="Images">
                    {images.map(({ name: image, version }) => `${image} ${version}`).join(', ')}
                  </td>
                  {isAdmin && (
                    <td className={table.actions}>
                      {before !== undefined && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Changes of revision ${revision}`}
                          aria-expanded={compared === revision}
                          onClick={() => setCompared(compared === revision ? undefined : revision)}
                        >
                          Changes
                        </Button>
                      )}
                      {revision !== newest && !removing && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Revert to revision ${revision}`}
                          onClick={() => setWanted(revision)}
                        >
                          Revert
                        </Button>
                      )}
                    </td>
                  )}
                </tr>
                {compared === revision && before !== undefined && (
                  <tr>
                    <td colSpan={6} style={{ padding: 0 }}>
                      <RevisionDiff stack={name} from={before} to={revision} />
                    </td>
                  </tr>
                )}
              </Fragment>
            )
          })}
        </tbody>
      </table>
      {wanted !== undefined && <RevertDialog stack={name} revision={wanted} onClose={() => setWanted(undefined)} />}
    </Panel>
  )
}
