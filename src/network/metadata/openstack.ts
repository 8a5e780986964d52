import { randomBytes } from 'node:crypto'
import type { InstanceMetadata } from '../../contract/network.ts'
import type { Caller } from './callers.ts'
import { networkData } from './network-data.ts'
import { type Folder, folder, json, type Node, text } from './tree.ts'

/** The versions of Nova's metadata: each adds something to the one before. */
export const openstackVersions = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  '2025-04-04',
  'latest',
] as const
type Version = (typeof openstackVersions)[number]

/** Where no zones are told apart, tools want the name of one all the same. */
export const availabilityZone = 'slipway'

/** The tree below /openstack, for one instance. `password` is what it has left there. */
export function openstackTree(caller: Caller, password: string): Folder {
  const versions = openstackVersions.map((version) => [version, () => versionFolder(caller, version, password)])
  // Nova lists versions without slashes, though they are folders.
  return { entries: Object.fromEntries(versions), listing: () => text(openstackVersions.join('\n')) }
}

function versionFolder(caller: Caller, version: Version, password: string): Folder {
  const { instance } = caller
  const from = (first: Version, node: () => Node) => () => (isSince(version, first) ? node() : undefined)
  return folder({
    'meta_data.json': () => json(metadata(instance, version)),
    user_data: () => (instance.userData === undefined ? undefined : text(instance.userData)),
    password: from('2013-04-04', () => text(password)),
    'vendor_data.json': from('2013-10-17', () => json({})),
    'network_data.json': from('2015-10-15', () => json(networkData(caller))),
    'vendor_data2.json': from('2016-10-06', () => json({})),
  })
}

function metadata({ id, name, stack, hostname, sshKeys }: InstanceMetadata, version: Version): object {
  const keys = sshKeys.map((data, at) => ({ name: `key${at}`, type: 'ssh', data }))
  return {
    uuid: id,
    name,
    hostname,
    launch_index: 0,
    availability_zone: availabilityZone,
    meta: {},
    ...(keys.length === 0 ? {} : { public_keys: Object.fromEntries(keys.map((key) => [key.name, key.data])), keys }),
    // Another one at every request: it is to be mixed into what the guest has, and the host keeps none.
    ...(isSince(version, '2013-04-04') ? { random_seed: randomBytes(512).toString('base64') } : {}),
    ...(isSince(version, '2015-10-15') ? { project_id: stack } : {}),
    ...(isSince(version, '2016-06-30') ? { devices: [] } : {}),
    ...(isSince(version, '2020-10-14') ? { dedicated_cpus: [] } : {}),
  }
}

function isSince(version: Version, first: Version): boolean {
  return openstackVersions.indexOf(version) >= openstackVersions.indexOf(first)
}
