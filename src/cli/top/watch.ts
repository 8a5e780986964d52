import { setTimeout as delay } from 'node:timers/promises'
import { stopSignal } from '../../platform/program.ts'
import type { Client } from '../client.ts'
import { errorLine } from '../command.ts'
import { askTop, type TopAnswer } from './answer.ts'
import { frame, type Known, type View } from './frame.ts'
import { type SortKey, sortKeys } from './rows.ts'
import { openScreen } from './screen.ts'

/** Ages and the clock move on while nobody answers. */
const redrawMs = 1000
/** An answer that is so much overdue is missed, even while the request for it is under way. */
const overdueMs = 3000

/**
 * Fills the terminal with what the server answers, asked again and again, until somebody wants to leave. A server that goes away is waited for:
 * what it said last stays, with the time since then.
 */
export async function watchTop(client: Client, first: TopAnswer, start: View, intervalMs: number): Promise<void> {
  const leaving = new AbortController()
  const signal = AbortSignal.any([stopSignal(), leaving.signal])
  const leave = () => leaving.abort()
  let view = start
  let known: Known = { url: client.url, answer: first, answeredAt: new Date() }

  function draw(): void {
    const now = new Date()
    screen.draw(frame({ ...known, trouble: troubleOf(known, intervalMs, now) }, view, screen.size(), now))
  }
  const screen = openScreen({
    stdin: process.stdin,
    stdout: process.stdout,
    onResize: draw,
    onGone: leave,
    onKey(key) {
      if (key === 'q' || key === 'escape') return leave()
      view = pressed(view, key)
      draw()
    },
  })
  const clock = setInterval(draw, redrawMs)
  try {
    draw()
    for (;;) {
      await delay(intervalMs, undefined, { signal })
      try {
        known = { url: client.url, answer: await askTop(client, signal), answeredAt: new Date() }
      } catch (error) {
        known = { ...known, trouble: errorLine(error) }
      }
      if (signal.aborted) return
      draw()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(clock)
    screen.close()
  }
}

/** Why there is no newer answer; undefined while that is no wonder. */
export function troubleOf({ answeredAt, trouble }: Known, intervalMs: number, now: Date): string | undefined {
  const isOverdue = now.getTime() - answeredAt.getTime() > intervalMs + overdueMs
  return trouble ?? (isOverdue ? 'it does not answer' : undefined)
}

const sortLetters: Readonly<Record<string, SortKey>> = { c: 'cpu', m: 'memory', n: 'net', d: 'disk', a: 'name' }

/** What is looked at after a key: letters choose, the arrows go through what one can sort by, `h` and `i` again bring both tables back. */
export function pressed(view: View, key: string): View {
  const sort = sortLetters[key]
  if (sort) return { ...view, sort }
  const step = key === 'right' ? 1 : key === 'left' ? sortKeys.length - 1 : undefined
  if (step) return { ...view, sort: sortKeys[(sortKeys.indexOf(view.sort) + step) % sortKeys.length] ?? view.sort }
  if (key === 'h') return { ...view, show: view.show === 'hosts' ? 'both' : 'hosts' }
  if (key === 'i') return { ...view, show: view.show === 'instances' ? 'both' : 'instances' }
  return view
}
