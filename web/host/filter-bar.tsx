import { Kbd, NativeSelect, TextInput } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useRef } from 'react'
import { Icon } from '../shared/icon.tsx'
import type { HostFilter } from './filter.ts'
import classes from './filter-bar.module.css'

interface FilterBarProps {
  filter: HostFilter
  channels: readonly string[]
  shown: number
  total: number
  onFilter(filter: HostFilter): void
}

/** Words and a channel to filter the hosts by. The key `/` goes to the words. */
export function FilterBar({ filter, channels, shown, total, onFilter }: FilterBarProps) {
  const words = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => words.current?.focus()]])
  return (
    <search className={classes.bar}>
      <TextInput
        ref={words}
        className={classes.words}
        size="xs"
        type="search"
        aria-label="Filter hosts"
        placeholder="Name, rack=a1, compute@1.1.0, reason"
        leftSection={<Icon name="search" />}
        rightSection={filter.text ? undefined : <Kbd size="xs">/</Kbd>}
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && onFilter({ ...filter, text: '' })}
      />
      <NativeSelect
        size="xs"
        aria-label="Channel"
        value={filter.channel}
        onChange={(event) => onFilter({ ...filter, channel: event.currentTarget.value })}
        data={[{ value: '', label: 'All channels' }, ...channels]}
      />
      <output className={classes.shown}>{shown === total ? `${total} hosts` : `${shown} of ${total} hosts`}</output>
    </search>
  )
}
