import type { SpaceReport } from './space.ts'
import { clonesOf, type Entry, find, kindOf, originOf, parentName } from './tree.ts'
import type { Zfs } from './zfs.ts'

type Kind = ReturnType<typeof kindOf>

/** What a property is measured from. */
export interface Source {
  zfs: Zfs
  space: SpaceReport
  entry: Entry
}

interface Property {
  /** The heading of `zfs list`; absent: the name in capitals. */
  heading?: string
  of: readonly Kind[]
  unit?: 'bytes' | 'time'
  /** Of a property that is only read. Undefined: this entry has none. */
  read?(source: Source): string | number | undefined
  /** Of a property that can be set. */
  initial?: string
  /** Children have it too. */
  inherited?: boolean
}

/** What a property is worth to one entry. */
export interface Value {
  value: string
  source: string
  unit?: 'bytes' | 'time'
}

const datasets = ['filesystem', 'volume'] as const
const all = ['filesystem', 'volume', 'snapshot'] as const

const settable = (initial: string, of: readonly Kind[] = datasets): Property => ({ of, initial, inherited: true })
const limit = (of: readonly Kind[] = datasets): Property => ({ of, initial: '0', unit: 'bytes' })
const space = (of: readonly Kind[], read: (source: Source) => number | undefined): Property => ({
  of,
  unit: 'bytes',
  read,
})

/** The properties that are known here, in the order of `zfs get all`. */
export const properties: Readonly<Record<string, Property>> = {
  name: { of: all, read: ({ entry }) => entry.name },
  type: { of: all, read: ({ entry }) => kindOf(entry) },
  creation: { of: all, unit: 'time', read: ({ entry }) => (entry.snapshot ?? entry.dataset).creation },
  used: space(all, ({ space, entry }) => space.of(entry).used),
  available: { ...space(datasets, ({ space, entry }) => space.available(entry.name)), heading: 'AVAIL' },
  referenced: { ...space(all, ({ space, entry }) => space.of(entry).referenced), heading: 'REFER' },
  compressratio: { of: all, heading: 'RATIO', read: () => '1.00' },
  mounted: {
    of: ['filesystem'],
    read: (source) => (propertyValue(source, 'mountpoint')?.value.startsWith('/') ? 'yes' : 'no'),
  },
  origin: {
    of: datasets,
    read: ({ zfs, entry }) => (entry.snapshot ? undefined : originOf(zfs.state, entry.dataset)?.name),
  },
  clones: {
    of: ['snapshot'],
    read: ({ zfs, entry }) =>
      entry.snapshot &&
      clonesOf(zfs.state, entry.snapshot)
        .map(({ name }) => name)
        .join(','),
  },
  quota: limit(['filesystem']),
  reservation: { ...limit(), heading: 'RESERV' },
  recordsize: { ...settable('131072', ['filesystem']), unit: 'bytes' },
  mountpoint: { of: ['filesystem'], inherited: true },
  volsize: { of: ['volume', 'snapshot'], unit: 'bytes', initial: '-' },
  volblocksize: space(['volume'], ({ entry }) => entry.dataset.volume?.volblocksize),
  checksum: settable('on'),
  compression: { ...settable('on'), heading: 'COMPRESS' },
  atime: settable('on', ['filesystem']),
  exec: settable('on', ['filesystem']),
  setuid: settable('on', ['filesystem']),
  readonly: { ...settable('off'), heading: 'RDONLY' },
  createtxg: { of: all, read: ({ entry }) => (entry.snapshot ?? entry.dataset).createtxg },
  canmount: { of: ['filesystem'], initial: 'on' },
  copies: settable('1'),
  refquota: limit(['filesystem']),
  refreservation: { ...limit(), heading: 'REFRESERV' },
  guid: { of: all, read: ({ entry }) => (entry.snapshot ?? entry.dataset).guid },
  primarycache: settable('all', all),
  secondarycache: settable('all', all),
  usedbysnapshots: { ...space(datasets, ({ space, entry }) => space.of(entry).usedBySnapshots), heading: 'USEDSNAP' },
  usedbydataset: { ...space(datasets, ({ space, entry }) => space.of(entry).usedByDataset), heading: 'USEDDS' },
  usedbychildren: { ...space(datasets, ({ space, entry }) => space.of(entry).usedByChildren), heading: 'USEDCHILD' },
  usedbyrefreservation: {
    ...space(datasets, ({ space, entry }) => space.of(entry).usedByRefreservation),
    heading: 'USEDREFRESERV',
  },
  logbias: settable('latency'),
  objsetid: { of: all, read: ({ entry }) => entry.dataset.objsetid },
  dedup: settable('off'),
  sync: settable('standard'),
  refcompressratio: { of: all, heading: 'REFRATIO', read: () => '1.00' },
  written: space(all, (source) =>
    source.entry.dataset.snapshots.length > 0 ? 0 : source.space.of(source.entry).usedByDataset,
  ),
  logicalused: { ...space(datasets, ({ space, entry }) => space.of(entry).used), heading: 'LUSED' },
  logicalreferenced: { ...space(all, ({ space, entry }) => space.of(entry).referenced), heading: 'LREFER' },
  volmode: settable('default', all),
  snapshot_limit: { of: datasets, heading: 'SSLIMIT', initial: '18446744073709551615' },
  snapshot_count: { of: datasets, heading: 'SSCOUNT', initial: '18446744073709551615' },
  snapdev: settable('hidden', ['volume']),
  redundant_metadata: { ...settable('all'), heading: 'REDUND_MD' },
  encryption: { of: all, initial: 'off' },
  keylocation: { of: datasets, initial: 'none' },
  keyformat: { of: datasets, initial: 'none' },
  pbkdf2iters: { of: datasets, initial: '0' },
  userrefs: { of: ['snapshot'], read: ({ entry }) => Object.keys(entry.snapshot?.holds ?? {}).length },
  defer_destroy: { of: ['snapshot'], read: () => 'off' },
}

/** Short names that zfs takes too. */
export const aliases: Readonly<Record<string, string>> = {
  avail: 'available',
  refer: 'referenced',
  compress: 'compression',
  rdonly: 'readonly',
  reserv: 'reservation',
  refreserv: 'refreservation',
  volblock: 'volblocksize',
  usedsnap: 'usedbysnapshots',
  usedds: 'usedbydataset',
  usedchild: 'usedbychildren',
  lused: 'logicalused',
  lrefer: 'logicalreferenced',
}

export function isUserProperty(name: string): boolean {
  return name.includes(':')
}

/** The full name of a property, or undefined when ZFS knows none such. */
export function knownName(name: string): string | undefined {
  const full = aliases[name] ?? name
  return isUserProperty(full) || Object.hasOwn(properties, full) ? full : undefined
}

/** The value of a property; undefined where it means nothing, which is shown as "-". */
export function propertyValue(source: Source, name: string): Value | undefined {
  const { entry } = source
  if (isUserProperty(name)) return inheritedValue(source, name)
  const property = properties[name]
  if (!property?.of.includes(kindOf(entry))) return undefined
  const unit = property.unit ? { unit: property.unit } : {}
  if (property.read) {
    const value = property.read(source)
    return value === undefined || value === '' ? undefined : { value: String(value), source: '-', ...unit }
  }
  if (name === 'volsize') return volsizeOf(entry)
  if (name === 'mountpoint') return mountpointOf(source)
  const local = (entry.snapshot ?? entry.dataset).properties[name]
  if (local !== undefined) return { value: local, source: 'local', ...unit }
  const above = property.inherited ? inheritedValue({ ...source, entry }, name) : undefined
  return above ? { ...above, ...unit } : { value: property.initial ?? '-', source: 'default', ...unit }
}

function volsizeOf({ dataset, snapshot }: Entry): Value | undefined {
  const bytes = snapshot ? snapshot.volsize : dataset.volume?.volsize
  return bytes === undefined ? undefined : { value: String(bytes), source: snapshot ? '-' : 'local', unit: 'bytes' }
}

/** A mountpoint that is inherited goes on with the rest of the name. */
function mountpointOf({ zfs, entry }: Source): Value {
  for (let at: string | undefined = entry.name; at !== undefined; at = parentName(at)) {
    const set = find(zfs.state, at)?.dataset.properties.mountpoint
    if (set === undefined) continue
    const rest = entry.name.slice(at.length)
    const value = set.startsWith('/') && rest ? `${set === '/' ? '' : set}${rest}` : set
    return { value, source: at === entry.name ? 'local' : `inherited from ${at}` }
  }
  return { value: `/${entry.name}`, source: 'default' }
}

function inheritedValue({ zfs, entry }: Source, name: string): Value | undefined {
  const own = entry.snapshot?.properties[name]
  if (own !== undefined) return { value: own, source: 'local' }
  for (let at: string | undefined = entry.dataset.name; at !== undefined; at = parentName(at)) {
    const value = find(zfs.state, at)?.dataset.properties[name]
    if (value !== undefined) return { value, source: at === entry.name ? 'local' : `inherited from ${at}` }
  }
  return undefined
}
