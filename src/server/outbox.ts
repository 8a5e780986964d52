import type { ServerEvent } from '../contract/event.ts'
import type { ReplicaMessage } from '../contract/replica.ts'

/** A payload of NOTIFY has at most 7999 bytes: an id of a host takes 19, an event at most some 300. */
const hostsAtOnce = 300
const eventsAtOnce = 20
/** Beyond this, naming each thing costs more than reading everything anew. */
const mostThings = 5000

/** What the other servers are still to be told. What changes twice before it is sent is told once. */
export class Outbox {
  #hosts = new Set<string>()
  #events = new Map<string, ServerEvent>()
  #everything = false

  add({ hosts = [], events = [] }: { hosts?: readonly string[]; events?: readonly ServerEvent[] }): void {
    for (const host of hosts) this.#hosts.add(host)
    for (const event of events) this.#events.set(`${event.kind} ${event.name}`, event)
    if (this.#hosts.size + this.#events.size > mostThings) this.addEverything()
  }

  addEverything(): void {
    this.#everything = true
    this.#hosts.clear()
    this.#events.clear()
  }

  isEmpty(): boolean {
    return !this.#everything && this.#hosts.size === 0 && this.#events.size === 0
  }

  /** What is to be told, in messages that are short enough; then it is empty. */
  take(from: string): ReplicaMessage[] {
    const messages: ReplicaMessage[] = this.#everything ? [{ from, everything: true }] : []
    const hosts = [...this.#hosts]
    const events = [...this.#events.values()]
    for (let at = 0; at < hosts.length; at += hostsAtOnce)
      messages.push({ from, hosts: hosts.slice(at, at + hostsAtOnce) })
    for (let at = 0; at < events.length; at += eventsAtOnce)
      messages.push({ from, events: events.slice(at, at + eventsAtOnce) })
    this.#hosts.clear()
    this.#events.clear()
    this.#everything = false
    return messages
  }
}
