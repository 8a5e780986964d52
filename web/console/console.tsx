import { Button } from '@mantine/core'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { OpenedStream } from '../../src/contract/stream.ts'
import { Notice } from '../shared/notice.tsx'
import { useApi } from '../shared/server.tsx'
import classes from './console.module.css'
import { type ConsoleEnd, leftByKey } from './end.ts'
import { type ConsoleStream, openConsoleStream } from './stream.ts'
import { openTerminal, type PageTerminal } from './terminal.ts'

type Joined = 'joining' | 'joined' | ConsoleEnd

/** The console of an instance: keys go there, text comes back, until one side ends it; then it can be joined again. */
export function Console({ instance }: { instance: string }) {
  const { post } = useApi()
  const screen = useRef<HTMLDivElement>(null)
  const terminal = useRef<PageTerminal>(undefined)
  const stream = useRef<ConsoleStream>(undefined)
  const again = useRef<HTMLButtonElement>(null)
  const [joined, setJoined] = useState<Joined>('joining')

  const leave = useCallback(() => {
    stream.current?.close()
    setJoined(leftByKey)
  }, [])

  const join = useCallback(() => {
    stream.current?.close()
    setJoined('joining')
    terminal.current?.focus()
    stream.current = openConsoleStream({
      ask: () => post<OpenedStream>(`/instances/${instance}/console`, {}),
      onOpen: () => setJoined('joined'),
      onBytes: (bytes) => terminal.current?.write(bytes),
      onEnd(end) {
        terminal.current?.note(end.text)
        setJoined(end)
      },
    })
  }, [post, instance])

  useEffect(() => {
    if (!screen.current) return
    const opened = openTerminal(screen.current, { onBytes: (bytes) => stream.current?.send(bytes), onLeave: leave })
    terminal.current = opened
    join()
    return () => {
      stream.current?.close()
      opened.dispose()
    }
  }, [join, leave])

  const ended = typeof joined === 'object'
  useEffect(() => {
    if (ended) again.current?.focus()
  }, [ended])

  return (
    <div className={classes.console} data-joined={ended ? 'ended' : joined}>
      <div ref={screen} className={classes.screen} />
      {ended ? (
        <Notice tone={joined.tone}>
          <div className={classes.end}>
            <span>{joined.text}</span>
            <Button ref={again} size="compact-xs" variant="default" onClick={join}>
              Join again
            </Button>
          </div>
        </Notice>
      ) : (
        <output className={classes.hint}>
          {joined === 'joining' ? 'Asking the host for the console' : 'Joined; leave with Ctrl and ]'}
        </output>
      )}
    </div>
  )
}
