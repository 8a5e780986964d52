import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import table from '../shared/table.module.css'

const most = 8

/** Instances by name; of many, the first and how many more there are. */
export function InstanceLinks({ names }: { names: readonly string[] }) {
  const shown = [...new Set(names)].sort()
  return (
    <span>
      {shown.slice(0, most).map((name, place) => (
        <span key={name}>
          {place > 0 && ', '}
          <Link href={addressOf.instance(name)}>{name}</Link>
        </span>
      ))}
      {shown.length > most && <span className={table.soft}> and {shown.length - most} more</span>}
    </span>
  )
}
