import { Button, Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Resource } from './cache.ts'
import { Icon } from './icon.tsx'
import classes from './loaded.module.css'

interface LoadedProps<T> {
  resource: Resource<T> & { retry(): void }
  children: (data: T) => ReactNode
}

/** Shows data when it is there, an outline of it before, and above both what went wrong with fetching it. */
export function Loaded<T>({ resource: { data, error, retry }, children }: LoadedProps<T>) {
  return (
    <>
      {error && (
        <div className={classes.error} role="alert" data-tone="bad">
          <Icon name="alert" size={16} />
          <span>
            {error.message}
            {data !== undefined && ' What stands below may be out of date.'}
          </span>
          <Button size="compact-xs" variant="default" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
      {data !== undefined ? children(data) : !error && <Outline />}
    </>
  )
}

function Outline() {
  return (
    <div className={classes.outline} aria-hidden="true">
      <Skeleton height={52} />
      <Skeleton height={220} />
    </div>
  )
}
