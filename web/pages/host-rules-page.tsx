import { useMemo } from 'react'
import type { HostRules } from '../../src/contract/network-view.ts'
import { Assumed } from '../network/assumed.tsx'
import { RuleList } from '../network/rule-list.tsx'
import { countRules, searchRules } from '../network/search-rules.ts'
import { Empty } from '../shared/empty.tsx'
import { FilterBar } from '../shared/filter-bar.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Notice } from '../shared/notice.tsx'
import { Page } from '../shared/page.tsx'
import { navigate, useQuery } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'

export function HostRulesPage({ name }: { name: string }) {
  const rules = useResource<HostRules>(`/hosts/${name}/network/rules`)
  return (
    <Page
      title={`Rules of ${name}`}
      line="What Slipway puts into the host’s PF, and why. The administrator’s own rules are not among them."
    >
      <Loaded resource={rules}>{(found) => <Rules rules={found} />}</Loaded>
    </Page>
  )
}

function Rules({ rules: { host, generation, loaded, assumed = [], anchors } }: { rules: HostRules }) {
  const text = new URLSearchParams(useQuery()).get('q') ?? ''
  const found = useMemo(() => searchRules(anchors, { text }), [anchors, text])
  if (anchors.length === 0)
    return <Empty title="No rules">No instance of this host is on a network with addresses.</Empty>
  return (
    <>
      {loaded === undefined ? (
        <Notice tone="warn">The host reports no network: whether these rules are in force is not known.</Notice>
      ) : (
        loaded !== generation && (
          <Notice tone="busy">
            These are the rules of generation {generation}; the host has those of generation {loaded} in force.
          </Notice>
        )
      )}
      <Assumed facts={assumed} />
      <FilterBar
        things="rules"
        placeholder="shop.web, 10.0.0.11, port 443"
        text={text}
        onText={(next) =>
          navigate(`${addressOf.hostRules(host)}${next ? `?q=${encodeURIComponent(next)}` : ''}`, { replace: true })
        }
        choices={[]}
        shown={countRules(found)}
        total={countRules(anchors)}
      />
      {found.length > 0 ? (
        <RuleList anchors={found} />
      ) : (
        <Empty title="No rule matches">Take a word away from the filter: all of them must stand in a rule.</Empty>
      )}
    </>
  )
}
