import { spawn } from 'node:child_process'
import { access, constants, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Said } from '../tools/said.ts'
import { scriptFolders } from './rc-files.ts'

/** What an rc.d script says of itself to rc.subr. Paths in it are real ones, below the root of the host. */
export interface ScriptFacts {
  name: string
  description: string
  /** The variable that enables it; empty when it is always enabled. */
  rcvar: string
  enabled: boolean
  command: string
  arguments: string[]
  pidfile: string
  /** Variables that the command gets. */
  environment: Record<string, string>
  extraCommands: string[]
  /** Functions of the script by what they are for: `start_precmd`, `reload_cmd`. */
  functions: Record<string, string>
}

/** A script, and where it is: the path as the host knows it, and the real one. */
export interface Script {
  path: string
  file: string
}

/** The script of a service, or undefined when there is none that can be run. */
export async function findScript(root: string, service: string): Promise<Script | undefined> {
  for (const folder of scriptFolders) {
    const path = `${folder}/${service}`
    const file = join(root, path)
    const runnable = await access(file, constants.X_OK)
      .then(() => stat(file))
      .then((info) => info.isFile())
      .catch(() => false)
    if (runnable) return { path, file }
  }
  return undefined
}

/** Runs the script as it is, under the simulator's rc.subr, and reads what it says. @throws Error when it is no script of rc.subr */
export async function describe(root: string, script: Script): Promise<ScriptFacts> {
  const { exitCode, stdout, stderr } = await runScript(root, script, 'describe', '')
  const words = stdout.split('\0')
  const single: Record<string, string> = {}
  const facts: ScriptFacts = {
    name: '',
    description: '',
    rcvar: '',
    enabled: false,
    command: '',
    arguments: [],
    pidfile: '',
    environment: {},
    extraCommands: [],
    functions: {},
  }
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [key, value] = [words[at] as string, words[at + 1] as string]
    if (key === 'argument') facts.arguments.push(value)
    else if (/_(pre|post)?cmd$/.test(key)) facts.functions[key] = value
    else single[key] = value
  }
  if (exitCode !== 0 || single.name === undefined)
    throw new Error(`${script.path} does not get as far as run_rc_command: ${stderr.trim() || `exit code ${exitCode}`}`)
  facts.name = single.name
  facts.description = single.desc ?? ''
  facts.rcvar = single.rcvar ?? ''
  facts.enabled = single.enabled === 'YES'
  facts.command = single.command ?? ''
  facts.pidfile = single.pidfile ?? ''
  facts.extraCommands = (single.extra_commands ?? '').split(/\s+/).filter((word) => word !== '')
  for (const word of (single.environment ?? '').split(/\s+/).filter((each) => each.includes('='))) {
    const at = word.indexOf('=')
    facts.environment[word.slice(0, at)] = word.slice(at + 1)
  }
  facts.environment.PATH = `${facts.environment.PATH ?? pathOf(root)}:${plainTools}`
  return facts
}

/** Calls one function of the script, as rc.subr would for `directive`. */
export function callFunction(root: string, script: Script, directive: string, name: string): Promise<Said> {
  return runScript(root, script, directive, name)
}

/**
 * The script's own text, with the host's root in front of every absolute path: without privileges a process cannot have another `/`.
 * Its tools are the host's simulated ones, then those of this machine (`install`, `mkdir`).
 */
async function runScript(root: string, script: Script, directive: string, call: string): Promise<Said> {
  const source = belowRoot(await readFile(script.file, 'utf8'), root)
  const child = spawn('/bin/sh', ['-s', directive], {
    cwd: root,
    env: { HOME: '/', LC_ALL: 'C', PATH: `${pathOf(root)}:${plainTools}`, SIMULATOR_ROOT: root, SIMULATOR_CALL: call },
  })
  // A script that ends early does not read the rest of itself.
  child.stdin.on('error', () => {})
  child.stdin.end(source)
  const ended = new Promise<number>((resolve, reject) =>
    child.once('error', reject).once('close', (code) => resolve(code ?? 1)),
  )
  const [exitCode, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { exitCode, stdout, stderr }
}

/** Puts `root` in front of the absolute paths of a shell script. */
export function belowRoot(script: string, root: string): string {
  return script.replaceAll(/(?<![\w./}$-])\/(?=(?:bin|boot|etc|root|sbin|usr|var)(?![\w-]))/g, `${root}/`)
}

/** Where this machine has what every system has, `cat` and `mv`, and a simulated host has not. */
const plainTools = '/usr/bin:/bin'

function pathOf(root: string): string {
  return ['sbin', 'bin', 'usr/sbin', 'usr/bin'].map((folder) => join(root, folder)).join(':')
}
