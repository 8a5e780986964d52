import { type Static, Type } from 'typebox'
import { isAppError } from '../../contract/errors.ts'
import { parseJson } from '../../contract/parse.ts'
import { readTextIfThere, remove, replaceFile } from '../../platform/files.ts'
import type { NetworkDhcpPaths } from './paths.ts'

/** What a running dnsmasq has read, as it is written down after it did: at worst it reads the same again. */
const Loaded = Type.Object({
  pid: Type.Integer(),
  configuration: Type.String(),
  hosts: Type.String(),
  names: Type.String(),
})
export type Loaded = Static<typeof Loaded>

export async function readLoaded({ loaded }: NetworkDhcpPaths): Promise<Loaded | undefined> {
  const text = await readTextIfThere(loaded)
  try {
    return text === undefined ? undefined : parseJson(Loaded, text, loaded)
  } catch (error) {
    // That of another release: not to know is enough to begin anew.
    if (isAppError(error)) return undefined
    throw error
  }
}

export async function writeLoaded({ loaded }: NetworkDhcpPaths, state: Loaded): Promise<void> {
  await replaceFile(loaded, JSON.stringify(state))
}

export async function forgetLoaded({ loaded }: NetworkDhcpPaths): Promise<void> {
  await remove(loaded)
}

export type Step = 'nothing' | 'reload' | 'restart'

/**
 * What brings a running dnsmasq to what is wanted. It reads whom it serves again when it is told to, but remembers whom it gave an address, and keeps that
 * from another who comes to have it: so who goes, or changes, is forgotten by a restart.
 */
export function stepTo(wanted: Omit<Loaded, 'pid'>, pid: number, loaded: Loaded | undefined): Step {
  if (loaded?.pid !== pid || loaded.configuration !== wanted.configuration) return 'restart'
  if (loaded.hosts === wanted.hosts && loaded.names === wanted.names) return 'nothing'
  const lines = new Set(wanted.hosts.split('\n'))
  return loaded.hosts.split('\n').every((line) => lines.has(line)) ? 'reload' : 'restart'
}
