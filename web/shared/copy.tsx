import { useEffect, useState } from 'react'
import classes from './copy.module.css'
import { Icon } from './icon.tsx'

/** A button that copies `text`; `what` names it for a screen reader. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready')
  useEffect(() => {
    if (state === 'ready') return
    const timer = setTimeout(() => setState('ready'), 1500)
    return () => clearTimeout(timer)
  }, [state])
  const words = { ready: `Copy ${what}`, copied: 'Copied', refused: 'The browser refused to copy' }[state]
  return (
    <button
      type="button"
      className={classes.copy}
      data-state={state}
      title={words}
      aria-label={words}
      onClick={async () => setState((await copyText(text)) ? 'copied' : 'refused')}
    >
      <Icon name={({ ready: 'copy', copied: 'tick', refused: 'cross' } as const)[state]} size={13} />
    </button>
  )
}

/** A command to run in a terminal, with its button. */
export function Command({ children }: { children: string }) {
  return (
    <div className={classes.command}>
      <code>{children}</code>
      <Copy text={children} what="the command" />
    </div>
  )
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Browsers give the clipboard to HTTPS and to localhost only; a server on a plain address needs the old way.
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  const focused = document.activeElement
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } finally {
    area.remove()
    if (focused instanceof HTMLElement) focused.focus()
  }
}
