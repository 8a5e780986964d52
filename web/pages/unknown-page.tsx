import { Page } from '../shared/page.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'

export function UnknownPage() {
  return (
    <Page title="There is no such page" line={<Link href={addressOf.hosts}>Go to the hosts</Link>}>
      {null}
    </Page>
  )
}
