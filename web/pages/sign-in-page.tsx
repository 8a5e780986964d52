import { Button, Loader, PasswordInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { Command } from '../shared/copy.tsx'
import { Notice } from '../shared/notice.tsx'
import { resume, type Session, signIn } from '../shared/session.ts'
import { Logo } from '../shared/top-bar.tsx'
import classes from './sign-in-page.module.css'

/** Asks for a token; also what is seen while one is checked, and while the server cannot be asked. */
export function SignInPage({ session }: { session: Exclude<Session, { state: 'signed-in' }> }) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <Logo size={30} />
          <h1>Slipway</h1>
        </div>
        {session.state === 'checking' && <Checking />}
        {session.state === 'unreachable' && <Unreachable session={session} />}
        {session.state === 'signed-out' && <TokenForm message={session.message} />}
      </div>
    </main>
  )
}

function Checking() {
  return (
    <output className={classes.checking}>
      <Loader size="xs" /> Checking the token
    </output>
  )
}

const retryMs = 3000

function Unreachable({ session }: { session: Extract<Session, { state: 'unreachable' }> }) {
  // Every failed try makes a new session object, and so sets the next timer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const timer = setTimeout(() => void resume(), retryMs)
    return () => clearTimeout(timer)
  }, [session])
  return (
    <>
      <Notice tone="bad">{session.message} The page tries again by itself.</Notice>
      <Button variant="default" size="xs" onClick={() => void resume()}>
        Try now
      </Button>
    </>
  )
}

function TokenForm({ message }: { message?: string | undefined }) {
  const [token, setToken] = useState('')
  function submit(event: FormEvent) {
    event.preventDefault()
    if (token.trim()) void signIn(token.trim())
  }
  return (
    <form onSubmit={submit}>
      {message && <Notice tone="bad">{message}</Notice>}
      <PasswordInput
        label="Token"
        description="It is kept in this tab, until the tab is closed."
        placeholder="slw_…"
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        autoFocus
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
      <Button type="submit" disabled={!token.trim()}>
        Sign in
      </Button>
      <div className={classes.help}>
        <p>The first token stands in the file admin-token in the server’s data folder. More are made by</p>
        <Command>slipway token create NAME --role viewer</Command>
      </div>
    </form>
  )
}
