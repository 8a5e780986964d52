import { Kbd, NativeSelect, TextInput } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useRef } from 'react'
import classes from './filter-bar.module.css'
import { Icon } from './icon.tsx'

interface FilterBarProps {
  /** What is filtered, in the plural: "hosts". */
  things: string
  /** What words can be looked for. */
  placeholder: string
  text: string
  onText(text: string): void
  choices: readonly FilterChoice[]
  shown: number
  total: number
}

export interface FilterChoice {
  label: string
  /** What stands there while nothing is chosen: "All channels". */
  all: string
  value: string
  options: readonly string[]
  onChoose(value: string): void
}

/** Words to filter by, and lists to choose from. The key `/` goes to the words. */
export function FilterBar({ things, placeholder, text, onText, choices, shown, total }: FilterBarProps) {
  const words = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => words.current?.focus()]])
  return (
    <search className={classes.bar}>
      <TextInput
        ref={words}
        className={classes.words}
        size="xs"
        type="search"
        aria-label={`Filter ${things}`}
        placeholder={placeholder}
        leftSection={<Icon name="search" />}
        rightSection={text ? undefined : <Kbd size="xs">/</Kbd>}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && onText('')}
      />
      {choices.map(({ label, all, value, options, onChoose }) => (
        <NativeSelect
          key={label}
          size="xs"
          aria-label={label}
          value={value}
          onChange={(event) => onChoose(event.currentTarget.value)}
          data={[{ value: '', label: all }, ...options]}
        />
      ))}
      <output className={classes.shown}>
        {shown === total ? `${total} ${things}` : `${shown} of ${total} ${things}`}
      </output>
    </search>
  )
}
