import { useSyncExternalStore } from 'react'
import { createStore } from './store.ts'
import { ago, lasting, moment, remaining } from './time.ts'

/** The time, once a second, for all that shows an age. */
const now = createStore(Date.now())
setInterval(() => now.set(Date.now()), 1000)

/** How long ago something was; it counts on by itself, and renders again only when its words change. */
export function Ago({ at, never = 'never' }: { at: string | null; never?: string }) {
  const text = useSyncExternalStore(now.subscribe, () => (at === null ? never : ago(at, now.get())))
  if (at === null) return <span>{text}</span>
  return (
    <time dateTime={at} title={moment(at)}>
      {text}
    </time>
  )
}

/** How long something has lasted; it counts on like Ago. */
export function Lasting({ since }: { since: string }) {
  const text = useSyncExternalStore(now.subscribe, () => lasting(since, now.get()))
  return (
    <time dateTime={since} title={`since ${moment(since)}`}>
      {text}
    </time>
  )
}

/** How long it still is; it counts down like Ago. */
export function Remaining({ until }: { until: string }) {
  const text = useSyncExternalStore(now.subscribe, () => remaining(until, now.get()))
  return (
    <time dateTime={until} title={`until ${moment(until)}`}>
      {text}
    </time>
  )
}
