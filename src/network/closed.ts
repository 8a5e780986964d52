import type { CompiledRules } from '../rules/compiled.ts'
import { groupsAnchor, portsGroup } from '../rules/names.ts'

/**
 * What a host has whose networks are gone while a guest is still on one of its bridges: nothing that the guest says or hears gets through. A guest that
 * is being stopped, or was started during a trial that was undone, must not be without any rule.
 */
export const closed: CompiledRules = {
  anchors: [
    {
      name: groupsAnchor,
      tables: [],
      translation: [],
      filter: [
        {
          kind: 'filter',
          action: 'block',
          quick: true,
          on: { not: false, names: [portsGroup] },
          protocols: [],
          from: { hosts: [], ports: [] },
          to: { hosts: [], ports: [] },
          icmp: [],
          state: 'no',
          label: 'drop:tap',
          reason: 'the networks of this instance are gone',
          owner: { kind: 'host' },
        },
      ],
    },
  ],
}
