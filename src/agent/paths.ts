import { basename, join } from 'node:path'
import { digest12 } from '../contract/digest.ts'
import type { ReleaseRef, ReleaseSet } from '../contract/release-set.ts'

/**
 * Where everything of the agent is, below `root` (`/` on a real host). Links inside of the database folder are relative, so that a
 * root can be moved.
 *
 *     var/db/slipway/
 *       cache/                                what was downloaded, by digest
 *       releases/<component>/<version>-<digest12>/   an unpacked release, with its release.json
 *       sets/<digest12>/<component> -> ../../releases/<component>/<version>-<digest12>
 *       sets/<digest12>/set.json              the ReleaseSet
 *       current -> sets/<digest12>            what runs; switched by one rename
 *       previous -> sets/<digest12>           where `current` pointed before the last switch
 *       journal.json rejected.json desired.json
 *       desired/{network,instances}.json      what the daemons work from
 *       starts                                how often an agent on trial was started; the launcher counts in it
 *       reserve                               space that is given up when the journal finds the disk full
 *       lock                                  held by the agent that works on this root
 *     usr/local/etc/slipway/{agent.yaml,agent.key}
 *     var/run/slipway/<name>.sock
 */
export function agentPaths(root: string) {
  const database = join(root, 'var/db/slipway')
  const configuration = join(root, 'usr/local/etc/slipway')
  const sockets = join(root, 'var/run/slipway')
  const current = join(database, 'current')
  const set = (it: ReleaseSet) => join(database, linkToSet(it))
  return {
    root,
    database,
    cache: join(database, 'cache'),
    releases: join(database, 'releases'),
    releasesOf: (component: string) => join(database, 'releases', component),
    release: (ref: ReleaseRef) => join(database, 'releases', ref.name, releaseFolder(ref)),
    sets: join(database, 'sets'),
    set,
    setFile: (setFolder: string) => join(setFolder, 'set.json'),
    current,
    previous: join(database, 'previous'),
    journal: join(database, 'journal.json'),
    rejected: join(database, 'rejected.json'),
    desired: join(database, 'desired.json'),
    desiredFolder: join(database, 'desired'),
    desiredNetwork: join(database, 'desired', 'network.json'),
    desiredInstances: join(database, 'desired', 'instances.json'),
    starts: join(database, 'starts'),
    reserve: join(database, 'reserve'),
    lock: join(database, 'lock'),
    configuration,
    /** Where a configuration file that a release brings is copied to. */
    configurationFile: (path: string) => join(configuration, basename(path)),
    agentConfig: join(configuration, 'agent.yaml'),
    credential: join(configuration, 'agent.key'),
    sockets,
    socket: (name: string) => join(sockets, name),
    /** A path of the host itself, such as that of a link that a component places. */
    outside: (path: string) => join(root, path),
  }
}

export type AgentPaths = ReturnType<typeof agentPaths>

/** The name of a release's folder. */
export function releaseFolder({ version, digest }: ReleaseRef): string {
  return `${version}-${digest12(digest)}`
}

/** What `current` and `previous` say when they point to `set`. */
export function linkToSet({ digest }: ReleaseSet): string {
  return `sets/${digest12(digest)}`
}

/** What the link of a component in the folder of a set says. */
export function linkToRelease(ref: ReleaseRef): string {
  return `../../releases/${ref.name}/${releaseFolder(ref)}`
}
