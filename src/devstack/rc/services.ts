import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { listFolder, readTextIfThere, replaceFile } from '../../platform/files.ts'
import { prints, refuses, type Said } from '../tools/said.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { parseDaemonOptions } from './daemon-options.ts'
import { assign } from './rc-conf.ts'
import { rcConfPath, scriptFolders } from './rc-files.ts'
import { callFunction, describe, findScript, type Script, type ScriptFacts } from './rc-script.ts'
import { type OrderFacts, orderFacts, rcorder } from './rcorder.ts'

/** The services of one host, run by its own rc.d scripts with the behaviour and the texts of rc.subr. */
export interface Services {
  /** `service NAME DIRECTIVE`. `signal` ends only the waiting of the one who asked. */
  run(name: string, directive: string, signal?: AbortSignal): Promise<Said>
  /** All scripts, in the order of rcorder(8). */
  ordered(): Promise<OrderFacts[]>
  isEnabled(name: string): Promise<boolean>
  /** What /etc/rc does: starts what is enabled. */
  boot(): Promise<void>
  /** What rc.shutdown does: stops, in reverse order, what has the keyword `shutdown`. */
  shutdown(): Promise<void>
}

const prefixes = ['fast', 'force', 'one', 'quiet'] as const
const directives = [
  'start',
  'stop',
  'restart',
  'rcvar',
  'enable',
  'disable',
  'delete',
  'enabled',
  'describe',
  'extracommands',
  'status',
  'poll',
]

export function openServices(root: string): Services {
  /** What runs, by the pid file in which rc.subr looks; of a service that has none, by its name. */
  const daemons = new Map<string, Daemon>()

  async function run(name: string, word: string, signal?: AbortSignal): Promise<Said> {
    const script = await findScript(root, name)
    if (!script)
      return refuses(
        1,
        `${name} does not exist in /etc/rc.d or the local startup`,
        `directories (${scriptFolders[1]}), or is not executable`,
      )
    const facts = await describe(root, script)
    const prefix = prefixes.find((each) => word.startsWith(each) && word.length > each.length)
    const directive = word.slice(prefix?.length ?? 0)
    if (![...directives, ...facts.extraCommands].includes(directive))
      return refuses(1, `${script.path}: unknown directive '${directive}'.`, usage(script, facts))

    const settled = await aboutItself(script, facts, directive)
    if (settled) return settled
    if (directive === 'status') return status(script, facts)
    const running = daemons.has(keyOf(facts))
    if (!facts.enabled && !running && prefix !== 'one' && prefix !== 'force')
      return prefix === 'fast' || prefix === 'quiet' ? prints() : prints(notEnabled(facts, directive))
    return act(script, facts, directive, prefix, signal)
  }

  /** Directives that only ask or change rc.conf. */
  async function aboutItself(script: Script, facts: ScriptFacts, directive: string): Promise<Said | undefined> {
    switch (directive) {
      case 'enabled':
        return { exitCode: facts.enabled ? 0 : 1, stdout: '', stderr: '' }
      case 'describe':
        return prints(facts.description)
      case 'extracommands':
        return prints(facts.extraCommands.join(' '))
      case 'rcvar':
        return prints(`# ${facts.name}${facts.description && ` : ${facts.description}`}`, '#', rcvarLine(facts), '')
      case 'enable':
      case 'disable': {
        const file = rcConfPath(root)
        const text = (await readTextIfThere(file)) ?? ''
        await replaceFile(file, assign(text, facts.rcvar, directive === 'enable' ? 'YES' : 'NO'))
        return prints(`${facts.name} ${directive}d in /etc/rc.conf`)
      }
      case 'delete':
        return refuses(1, `${script.path}: the simulator does not delete settings.`)
      default:
        return undefined
    }
  }

  async function act(
    script: Script,
    facts: ScriptFacts,
    directive: string,
    prefix: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Said> {
    const daemon = daemons.get(keyOf(facts))
    if (directive === 'restart') {
      const stopped = await act(script, facts, 'stop', prefix, signal)
      if (signal?.aborted) return stopped
      return joined(stopped, await act(script, facts, 'start', prefix, signal))
    }
    const own = facts.functions[`${directive}_cmd`]
    if (directive === 'start' && daemon && prefix !== 'fast' && own === undefined)
      return refuses(1, `${facts.name} already running?  (pid=${daemon.pid}).`)

    const before = facts.functions[`${directive}_precmd`]
    const prepared = before === undefined ? prints() : await callFunction(root, script, directive, before)
    if (prepared.exitCode !== 0 && prefix !== 'force')
      return joined(prepared, refuses(1, `${script.path}: WARNING: failed precmd routine for ${facts.name}`))

    const done =
      own !== undefined
        ? await callFunction(root, script, directive, own)
        : directive === 'start'
          ? start(facts)
          : directive === 'stop'
            ? await stop(facts, daemon, prefix, signal)
            : await wait(daemon, signal)
    const after = facts.functions[`${directive}_postcmd`]
    if (done.exitCode !== 0 || after === undefined) return joined(prepared, done)
    return joined(joined(prepared, done), await callFunction(root, script, directive, after))
  }

  function start(facts: ScriptFacts): Said {
    if (facts.command === '') return refuses(1, `${facts.name}: no command and no start_cmd.`)
    if (basename(facts.command) !== 'daemon')
      return refuses(1, `${facts.name}: the simulator starts programs by daemon(8) or by a start_cmd only.`)
    const options = parseDaemonOptions(facts.arguments)
    if (typeof options === 'string') return joined(prints(`Starting ${facts.name}.`), refuses(1, options))
    const key = keyOf(facts)
    const daemon = startDaemon(root, options, facts.environment)
    daemons.set(key, daemon)
    void daemon.ended.then(() => {
      if (daemons.get(key) === daemon) daemons.delete(key)
    })
    return prints(`Starting ${facts.name}.`)
  }

  /** Sends SIGTERM and waits for ever, as rc.subr does; only the caller's end ends it. */
  async function stop(
    facts: ScriptFacts,
    daemon: Daemon | undefined,
    prefix: string | undefined,
    signal?: AbortSignal,
  ) {
    if (!daemon) {
      if (prefix === 'fast') return prints()
      return refuses(1, `${facts.name} not running?${facts.pidfile && ` (check ${hostPath(facts.pidfile)}).`}`)
    }
    daemon.terminate()
    return joined(prints(`Stopping ${facts.name}.`), await wait(daemon, signal))
  }

  async function wait(daemon: Daemon | undefined, signal?: AbortSignal): Promise<Said> {
    if (!daemon) return prints()
    const gone = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([daemon.ended, gone])
    return prints(`Waiting for PIDS: ${daemon.pid}.`)
  }

  async function status(script: Script, facts: ScriptFacts): Promise<Said> {
    const own = facts.functions.status_cmd
    if (own !== undefined) return callFunction(root, script, 'status', own)
    const daemon = daemons.get(keyOf(facts))
    if (daemon) return prints(`${facts.name} is running as pid ${daemon.pid}.`)
    return { exitCode: 1, stdout: `${facts.name} is not running.\n`, stderr: '' }
  }

  async function ordered(): Promise<OrderFacts[]> {
    const found: OrderFacts[] = []
    for (const folder of scriptFolders)
      for (const name of await listFolder(join(root, folder))) {
        // A script whose release is gone is a link to nothing.
        const script = await findScript(root, name)
        if (script) found.push(orderFacts(name, await readFile(script.file, 'utf8')))
      }
    return rcorder(found)
  }

  async function isEnabled(name: string): Promise<boolean> {
    const script = await findScript(root, name)
    return script !== undefined && (await describe(root, script)).enabled
  }

  const hostPath = (path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length) : path)

  return {
    run,
    ordered,
    isEnabled,
    async boot() {
      for (const { name } of await ordered()) await run(name, 'faststart')
    },
    async shutdown() {
      const stopping = (await ordered()).filter(({ keywords }) => keywords.includes('shutdown')).reverse()
      for (const { name } of stopping) await run(name, 'faststop')
    },
  }
}

function keyOf(facts: ScriptFacts): string {
  return facts.pidfile || facts.name
}

function notEnabled({ name, rcvar }: ScriptFacts, directive: string): string {
  return `Cannot '${directive}' ${name}. Set ${rcvar} to YES in /etc/rc.conf or use 'one${directive}' instead of '${directive}'.`
}

function rcvarLine({ rcvar, enabled }: ScriptFacts): string {
  return rcvar === '' ? '' : `${rcvar}="${enabled ? 'YES' : 'NO'}"`
}

function usage(script: Script, facts: ScriptFacts): string {
  return `Usage: ${script.path} [${prefixes.join('|')}](${[...directives, ...facts.extraCommands].join('|')})`
}

function joined(first: Said, second: Said): Said {
  return {
    exitCode: second.exitCode,
    stdout: first.stdout + second.stdout,
    stderr: first.stderr + second.stderr,
  }
}
