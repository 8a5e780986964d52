import type { Whoami } from '../../src/contract/token.ts'
import { Icon } from './icon.tsx'
import type { LiveState } from './live.ts'
import { Link } from './router.tsx'
import { addressOf, type Route } from './routes.ts'
import { useLive } from './server.tsx'
import { signOut } from './session.ts'
import type { Tone } from './tone.ts'
import classes from './top-bar.module.css'

const places: { title: string; address: string; pages: Route['page'][] }[] = [
  { title: 'Hosts', address: addressOf.hosts, pages: ['hosts', 'host', 'host-rules'] },
  { title: 'Instances', address: addressOf.instances, pages: ['instances', 'instance', 'console'] },
  { title: 'Stacks', address: addressOf.stacks, pages: ['stacks', 'stack'] },
  { title: 'Networks', address: addressOf.networks, pages: ['networks', 'network'] },
  { title: 'Channels', address: addressOf.channels, pages: ['channels'] },
  { title: 'Artifacts', address: addressOf.artifacts, pages: ['artifacts', 'artifact'] },
]

/** Where one can go, whether the page is live, and who one is. */
export function TopBar({ who, page }: { who: Whoami; page: Route['page'] }) {
  return (
    <header className={classes.bar}>
      <div className={classes.inner}>
        <Link href={addressOf.hosts} className={classes.brand} aria-label="Slipway">
          <Logo />
          <span>Slipway</span>
        </Link>
        <nav aria-label="Pages">
          {places.map(({ title, address, pages }) => (
            <Link key={address} href={address} aria-current={pages.includes(page) ? 'page' : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <LiveMark />
        <span className={classes.who} title={`signed in with the token ${who.name}, role ${who.role}`}>
          {who.name} {who.name !== who.role && <span>{who.role}</span>}
        </span>
        <button
          type="button"
          className={classes.leave}
          onClick={() => signOut()}
          title="Sign out"
          aria-label="Sign out"
        >
          <Icon name="leave" size={15} />
        </button>
      </div>
    </header>
  )
}

const liveWords: { readonly [S in LiveState]: { label: string; tone: Tone; meaning: string } } = {
  connecting: { label: 'Connecting', tone: 'quiet', meaning: 'The page is connecting to the server’s events.' },
  live: { label: 'Live', tone: 'good', meaning: 'Changes show by themselves.' },
  reconnecting: {
    label: 'Reconnecting',
    tone: 'warn',
    meaning: 'The server’s events do not arrive: what is shown may be out of date.',
  },
}

function LiveMark() {
  const state = useLive()
  const { label, tone, meaning } = liveWords[state]
  return (
    <output className={classes.live} data-tone={tone} data-state={state} title={meaning}>
      {label}
    </output>
  )
}

/** A hull on its ramp. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
      <rect width="32" height="32" rx="7" fill="#3b5bdb" />
      <path d="M6 12.5 26 8l-3.2 7.4a3 3 0 0 1-2.1 1.7l-9.4 2.1a3 3 0 0 1-2.7-.8z" fill="#fff" />
      <path d="M5 24.5 27 19.6" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  )
}
