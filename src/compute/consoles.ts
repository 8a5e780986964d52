import type { Duplex } from 'node:stream'
import { AppError } from '../contract/errors.ts'
import { readBoundedLog } from '../platform/bounded-log.ts'
import type { Routes, Upgrades } from '../platform/serve.ts'
import { type ConsoleFollower, openConsoleFollower } from './console-follower.ts'
import type { ComputePaths } from './paths.ts'

/** What the console of an instance is, and for whom. */
export interface ConsoleTarget {
  id: string
  name: string
  domid: number
  /** Undefined while the guest has none yet. */
  path: string | undefined
  /** A text that its check waits for. */
  awaited: string | undefined
}

export interface Consoles {
  /** Follows the consoles of just these guests. */
  follow(targets: readonly ConsoleTarget[]): void
  /** Whether the awaited text was seen on the console of this domain. */
  saw(id: string, domid: number): boolean
  routes: Routes
  upgrades: Upgrades
  close(): Promise<void>
}

interface Followed {
  follower: ConsoleFollower
  target: ConsoleTarget
  /** The end of what was said, in which a text may still be growing. */
  tail: string
  seen: boolean
}

const defaultLogBytes = 64 * 1024

/** The consoles of all running guests: one reader each, any number of viewers. Bytes come and go as they are. */
export function openConsoles(options: {
  paths: ComputePaths
  logBytes: number
  /** The name of an instance that is known here, whether it runs or not. */
  nameOf: (id: string) => string | undefined
  saw: () => void
}): Consoles {
  const { paths, logBytes } = options
  const followed = new Map<string, Followed>()

  function open(target: ConsoleTarget): Followed {
    const entry: Followed = {
      target,
      tail: '',
      seen: false,
      follower: openConsoleFollower({
        logFile: paths.console(target.name),
        logBytes,
        said: (text) => search(entry, text),
      }),
    }
    followed.set(target.id, entry)
    return entry
  }

  function search(entry: Followed, text: string): void {
    const { awaited } = entry.target
    if (entry.seen || awaited === undefined) return
    // Consoles say bytes; the text is looked for as such.
    const wanted = Buffer.from(awaited).toString('latin1')
    const said = entry.tail + text
    entry.seen = said.includes(wanted)
    entry.tail = said.slice(-wanted.length)
    if (entry.seen) options.saw()
  }

  function nameOf(id = ''): string {
    const name = options.nameOf(id)
    if (name === undefined) throw new AppError('not-found', `there is no instance ${id} on this host`)
    return name
  }

  return {
    follow(targets) {
      const ids = new Set(targets.map(({ id }) => id))
      for (const [id, { follower }] of followed)
        if (!ids.has(id)) {
          followed.delete(id)
          void follower.close()
        }
      for (const target of targets) {
        const entry = followed.get(target.id) ?? open(target)
        if (entry.target.domid !== target.domid || entry.target.awaited !== target.awaited) {
          entry.seen = false
          entry.tail = ''
        }
        entry.target = target
        entry.follower.follow(target.path)
      }
    },
    saw: (id, domid) => {
      const entry = followed.get(id)
      return entry?.target.domid === domid && entry.seen
    },
    routes: {
      async 'GET /instances/:id/console/log'(_, { parameters, query }) {
        const name = nameOf(parameters.id)
        const asked = Number(query.get('bytes') ?? defaultLogBytes)
        if (!Number.isSafeInteger(asked) || asked < 0)
          throw new AppError('input-invalid', `bytes must be a whole number, not ${query.get('bytes')}`)
        const bytes = await readBoundedLog(paths.console(name), Math.min(asked, logBytes))
        return { body: bytes.toString('utf8') }
      },
    },
    upgrades: {
      'GET /instances/:id/console': {
        protocol: 'slipway-console',
        async open({ parameters }): Promise<(stream: Duplex) => void> {
          const name = nameOf(parameters.id)
          const entry = followed.get(parameters.id ?? '')
          if (!entry) throw new AppError('conflict', `${name} does not run, so it has no console`)
          return (stream) => entry.follower.view(stream)
        },
      },
    },
    async close() {
      await Promise.all([...followed.values()].map(({ follower }) => follower.close()))
    },
  }
}
