import type { StackRevisionText } from '../../src/contract/plan.ts'
import { Loaded } from '../shared/loaded.tsx'
import { useResource } from '../shared/server.tsx'
import { DiffView } from './diff-view.tsx'

/** What one revision of a stack changed in the text of another. */
export function RevisionDiff({ stack, from, to }: { stack: string; from: number; to: number }) {
  const before = useResource<StackRevisionText>(`/stacks/${stack}/revisions/${from}`)
  const after = useResource<StackRevisionText>(`/stacks/${stack}/revisions/${to}`)
  return (
    <Loaded resource={before}>
      {(old) => <Loaded resource={after}>{(now) => <DiffView before={old.text} after={now.text} />}</Loaded>}
    </Loaded>
  )
}
