import { useMemo } from 'react'
import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import { countStates, filterInstances, filterQuery, type InstanceFilter, readFilter } from '../instance/filter.ts'
import { InstanceTable } from '../instance/instance-table.tsx'
import { byName } from '../instance/order.ts'
import { instanceStates } from '../instance/words.ts'
import { Empty } from '../shared/empty.tsx'
import { FilterBar } from '../shared/filter-bar.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { navigate, useQuery } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'
import table from '../shared/table.module.css'
import { WordCounts } from '../shared/word-counts.tsx'

export function InstancesPage() {
  const instances = useResource<CloudInstance[]>('/instances')
  return (
    <Page title="Instances">
      <Loaded resource={instances}>{(rows) => <Instances instances={rows} />}</Loaded>
    </Page>
  )
}

function Instances({ instances }: { instances: CloudInstance[] }) {
  const query = useQuery()
  const filter = useMemo(() => readFilter(new URLSearchParams(query)), [query])
  // The counts are those of the instances that the other filters leave: what a click on them would show.
  const candidates = useMemo(() => filterInstances(instances, { ...filter, state: '' }), [instances, filter])
  const shown = useMemo(() => byName(filterInstances(candidates, filter)), [candidates, filter])
  if (instances.length === 0) return <NoInstances />

  const set = (part: Partial<InstanceFilter>) =>
    navigate(addressOf.instances + filterQuery({ ...filter, ...part }), { replace: true })
  return (
    <>
      <WordCounts
        legend="Filter by state"
        all="All instances"
        words={instanceStates}
        counts={countStates(candidates)}
        chosen={filter.state}
        onChoose={(state) => set({ state })}
      />
      <FilterBar
        things="instances"
        placeholder="Name, address, debian@12.1.0, reason"
        text={filter.text}
        onText={(text) => set({ text })}
        choices={[
          {
            label: 'Stack',
            all: 'All stacks',
            value: filter.stack,
            options: options(instances, 'stack', filter.stack),
            onChoose: (stack) => set({ stack }),
          },
          {
            label: 'Host',
            all: 'All hosts',
            value: filter.host,
            options: options(instances, 'host', filter.host),
            onChoose: (host) => set({ host }),
          },
        ]}
        shown={shown.length}
        total={instances.length}
      />
      {shown.length > 0 ? (
        <div className={table.frame}>
          <InstanceTable instances={shown} />
        </div>
      ) : (
        <Empty title="No instance matches">Take a word away from the filter, or choose all instances above.</Empty>
      )}
    </>
  )
}

/** What there is to choose from; what is chosen stays among it when the last of its instances is gone. */
function options(instances: readonly CloudInstance[], key: 'stack' | 'host', chosen: string): string[] {
  return [...new Set([...instances.map((one) => one[key]), ...(chosen ? [chosen] : [])])].sort()
}

function NoInstances() {
  return (
    <Empty title="No instances yet" command="slipway apply -f stack.yaml">
      An instance is a virtual machine of a stack. A stack is a file that says which there are to be, and this makes
      them.
    </Empty>
  )
}
