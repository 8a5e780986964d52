import { Skeleton } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { Notice } from '../shared/notice.tsx'
import { Page } from '../shared/page.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useIsAdmin } from '../shared/server.tsx'

/** The terminal is larger than all other pages together, and loaded only here. */
const Console = lazy(async () => ({ default: (await import('../console/console.tsx')).Console }))

export function ConsolePage({ name }: { name: string }) {
  const isAdmin = useIsAdmin()
  return (
    <Page title={`Console of ${name}`} line={<Link href={addressOf.instance(name)}>Back to the instance</Link>} fills>
      {isAdmin ? (
        <Suspense fallback={<Skeleton height={400} />}>
          <Console instance={name} />
        </Suspense>
      ) : (
        <Notice tone="warn">
          Consoles are for admins: who is at one can do what the guest’s own administrator can.
        </Notice>
      )}
    </Page>
  )
}
