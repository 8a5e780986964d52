import table from '../shared/table.module.css'

interface GroupNamesProps {
  groups: readonly string[]
  /** Those of the port: without any, rules do not decide about it. */
  addresses: readonly string[]
}

/** The security groups that decide for a port; without one, what that means for it. */
export function GroupNames({ groups, addresses }: GroupNamesProps) {
  if (groups.length > 0) return <span>{groups.join(', ')}</span>
  return (
    <span className={table.soft}>{addresses.length > 0 ? 'none: only what it needs to live' : 'not filtered'}</span>
  )
}
