import type { StackSummary } from '../../src/contract/plan.ts'
import { Empty } from '../shared/empty.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { useResource } from '../shared/server.tsx'
import { StackTable } from '../stack/stack-table.tsx'

export function StacksPage() {
  const stacks = useResource<StackSummary[]>('/stacks')
  return (
    <Page title="Stacks">
      <Loaded resource={stacks}>{(rows) => (rows.length === 0 ? <NoStacks /> : <StackTable stacks={rows} />)}</Loaded>
    </Page>
  )
}

function NoStacks() {
  return (
    <Empty title="No stacks yet" command="slipway apply -f stack.yaml">
      A stack is a file that says which instances, networks and volumes there are to be. This shows what it would do,
      asks, and does it.
    </Empty>
  )
}
