import type { Caller } from './callers.ts'
import { availabilityZone } from './openstack.ts'
import { type Folder, folder, text } from './tree.ts'

/** The versions of Amazon's metadata that Nova speaks, all with the same content. */
export const ec2Versions = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  'latest',
] as const

/** One version's tree, for one instance. What only Amazon has stands for nothing here, and is there because tools ask for it. */
export function ec2Tree(caller: Caller): Folder {
  const { userData } = caller.instance
  return folder({
    'meta-data': () => metadata(caller),
    'user-data': () => (userData === undefined ? undefined : text(userData)),
  })
}

function metadata({ instance, address, floatingIp, groups }: Caller): Folder {
  const { id, hostname, sshKeys } = instance
  const short = id.slice(0, 8)
  const values: Record<string, string> = {
    'ami-id': `ami-${short}`,
    'ami-launch-index': '0',
    'ami-manifest-path': '(unknown)',
    hostname,
    'instance-action': 'none',
    'instance-id': id,
    'instance-type': 'instance',
    'kernel-id': '',
    'local-hostname': hostname,
    'local-ipv4': address,
    'public-hostname': hostname,
    'public-ipv4': floatingIp ?? '',
    'ramdisk-id': '',
    'reservation-id': `r-${short}`,
    'security-groups': groups.join('\n'),
  }
  const folders: Folder['entries'] = {
    'block-device-mapping': () => folder({ ami: () => text('xvda'), root: () => text('/dev/xvda') }),
    placement: () => folder({ 'availability-zone': () => text(availabilityZone) }),
    'public-keys': () => (sshKeys.length === 0 ? undefined : publicKeys(sshKeys)),
  }
  const leaves = Object.entries(values).map(([name, value]) => [name, () => text(value)] as const)
  const entries = [...leaves, ...Object.entries(folders)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return folder(Object.fromEntries(entries))
}

/** Keys are listed as `0=NAME`, and are at `0/openssh-key`. */
function publicKeys(keys: readonly string[]): Folder {
  const entries = keys.map((key, at) => [String(at), () => folder({ 'openssh-key': () => text(key) })])
  return { entries: Object.fromEntries(entries), listing: () => text(keys.map((_, at) => `${at}=key${at}`).join('\n')) }
}
