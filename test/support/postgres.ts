import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { end, isGone, until } from './processes.ts'

/** A real PostgreSQL behind a socket in a folder of its own. Its databases compare texts by the rules of a language unless told otherwise. */
export interface Postgres {
  /** Of one of its databases. */
  url(database: string): string
  /** Runs a statement in a database, with psql. Answers what it printed. */
  sql(statement: string, database?: string): Promise<string>
  /** Ends it as suddenly as can be. */
  kill(): Promise<void>
  /** Starts it, again, and answers when it takes connections. */
  start(): Promise<void>
  /** Ends all processes of it for the moment, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Ends it and removes what it wrote. */
  close(): Promise<void>
}

/** Debian's user nobody: PostgreSQL refuses to run as root. */
const nobody = 65_534
const isRoot = process.getuid?.() === 0
const who = isRoot ? { uid: nobody, gid: nobody } : {}

export interface PostgresSetup {
  /** Whether it waits for the disk, as it does by default for everybody else; a test is faster without. */
  isDurable?: boolean
  /** Where its own folder is made: others must be able to pass, as it does not run as root. */
  within?: string
  /** Who may do everything, and is asked for no password at the socket. */
  superuser?: string
  /** Whoever configures it is given the folder with its configuration and its data, before it starts for the first time. Otherwise it has the socket only. */
  configure?: (folder: string) => Promise<void>
  port?: number
}

export async function startPostgres({
  isDurable = false,
  within = tmpdir(),
  superuser = 'slipway',
  configure,
  port = 5432,
}: PostgresSetup = {}): Promise<Postgres> {
  const bin = await programs()
  const folder = await mkdtemp(join(within, 'slw-pg-'))
  if (isRoot) await chown(folder, nobody, nobody)
  const run = (program: string, args: string[]) =>
    promisify(execFile)(join(bin, program), args, { ...who, cwd: folder })
  const data = join(folder, 'data')
  // Not the order of bytes: that has to come from our tables.
  const locale = ['--locale-provider=icu', '--icu-locale=en', '--locale=C.UTF-8', '--encoding=UTF8']
  await run('initdb', ['--no-sync', '--auth=trust', `--username=${superuser}`, ...locale, data])
  // Whoever is called guarded has to know a password. By the network nobody comes, unless it is configured so.
  await writeFile(join(data, 'pg_hba.conf'), 'local all guarded scram-sha-256\nlocal all all trust\n')
  await configure?.(data)
  let child: ChildProcess | undefined
  const said: string[] = []
  const backends = async () => {
    const list = await readFile(`/proc/${child?.pid}/task/${child?.pid}/children`, 'utf8')
    return [child?.pid as number, ...list.trim().split(' ').filter(Boolean).map(Number)]
  }

  const postgres: Postgres = {
    url: (database) => `postgres://${superuser}@/${database}?host=${encodeURIComponent(folder)}&port=${port}`,
    async sql(statement, database = 'postgres') {
      const { stdout } = await run('psql', [
        '-X',
        '-q',
        '-t',
        '-A',
        '-v',
        'ON_ERROR_STOP=1',
        '-c',
        statement,
        postgres.url(database),
      ])
      return stdout.trim()
    },
    // Its children end by themselves when they see that it is gone: one that waits for a client does so at once.
    kill: () => end(child, 'SIGKILL'),
    async start() {
      const settings = [`port=${port}`, `unix_socket_directories=${folder}`, 'max_connections=200']
      // In its own folder, which is removed: in /dev/shm it would stay there for ever when PostgreSQL is killed.
      settings.push('dynamic_shared_memory_type=mmap')
      if (!configure) settings.push('listen_addresses=')
      if (!isDurable) settings.push('fsync=off')
      const ready = async () => {
        if (!child || isGone(child)) {
          // What was killed leaves children for a moment, and a new one refuses to start beside them.
          child = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
            ...who,
            stdio: ['ignore', 'ignore', 'pipe'],
          })
          child.stderr?.setEncoding('utf8').on('data', (text) => said.push(text))
        }
        return postgres.sql('select true').catch(() => undefined)
      }
      await until('an answer of PostgreSQL', ready).catch((error) => {
        throw new Error(`${error.message}:\n${said.join('').slice(-2000)}`)
      })
    },
    async signal(signal) {
      for (const pid of await backends()) process.kill(pid, signal)
    },
    async close() {
      // At once, but it takes its shared memory back.
      await end(child, 'SIGQUIT')
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
  await postgres.start()
  return postgres
}

/** Where Debian keeps the programs of the newest PostgreSQL. */
async function programs(): Promise<string> {
  const top = '/usr/lib/postgresql'
  const [newest] = (await readdir(top)).map(Number).sort((a, b) => b - a)
  return join(top, `${newest}`, 'bin')
}
