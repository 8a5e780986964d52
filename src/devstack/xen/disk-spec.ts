import { Refused } from '../tools/refused.ts'

/** One disk of a guest, as its line in the configuration says it. */
export interface DiskSpec {
  /** Empty: a drive without a disk. */
  path: string
  vdev: string
  format: 'raw' | 'qcow2' | 'qcow' | 'qed' | 'vhd' | 'empty'
  backend?: 'phy' | 'qdisk' | 'tap' | 'standalone'
  script?: string
  readWrite: boolean
  cdrom: boolean
}

const formats = ['raw', 'qcow2', 'qcow', 'qed', 'vhd', 'empty'] as const
const backends = ['phy', 'qdisk', 'tap', 'standalone'] as const

/**
 * Reads a disk specification: up to four words by position (target, format, device, access), then `key=value`; `target=` takes the rest
 * of the line. `source` begins the error. @throws Refused, exit 1
 */
export function parseDiskSpec(specs: readonly string[], source: string): DiskSpec {
  const whole = specs.join(',')
  const fail = (what: string, near: string) =>
    new Refused(1, `${source}: config parsing error in disk specification: ${what}: near \`${near}' in \`${whole}'`)
  const disk: { -readonly [K in keyof DiskSpec]?: DiskSpec[K] } = {}
  const positions = ['target', 'format', 'vdev', 'access']

  const setFormat = (word: string) => {
    const format = formats.find((each) => each === word)
    if (word !== '' && !format) throw fail('unknown value for format', word)
    if (format) disk.format = format
  }
  const setAccess = (word: string) => {
    if (!['', 'ro', 'r', 'rw', 'w'].includes(word)) throw fail('unknown value for access', word)
    disk.readWrite = word !== 'ro' && word !== 'r'
  }
  const setVdev = (word: string) => {
    const [vdev = '', type] = word.split(':')
    if (type === 'cdrom') disk.cdrom = true
    if (vdev !== '') disk.vdev = vdev
  }
  const byKey: Readonly<Record<string, (value: string) => void>> = {
    format: setFormat,
    vdev: setVdev,
    access: setAccess,
    devtype: (value) => {
      if (value !== 'cdrom' && value !== 'disk') throw fail('unknown value for type', value)
      disk.cdrom = value === 'cdrom'
    },
    backendtype: (value) => {
      const backend = backends.find((each) => each === value)
      if (!backend) throw fail('unknown value for backendtype', value)
      disk.backend = backend
    },
    script: (value) => {
      disk.script = value
    },
    backend: () => {},
    specification: () => {},
    transport: () => {},
  }

  for (let rest = whole; rest !== ''; ) {
    const target = /^\s*target=(.*)$/s.exec(rest)
    if (target) {
      disk.path = target[1] ?? ''
      break
    }
    const [part = ''] = rest.split(',', 1)
    rest = rest.slice(part.length + 1)
    const word = part.trim()
    const [key = '', value] = [
      word.split('=', 1)[0],
      word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined,
    ]
    const prefix = /^(raw|qcow2?|qed|vhd|file|phy|tap2?|aio):(.*)$/.exec(word)
    if (value !== undefined && Object.hasOwn(byKey, key)) byKey[key]?.(value)
    else if (['cdrom', 'discard', 'no-discard', 'direct-io-safe', 'trusted', 'untrusted'].includes(word))
      disk.cdrom ||= word === 'cdrom'
    else if (prefix && positions[0] === 'target') {
      // The old form has no word for the format.
      if (formats.includes(prefix[1] as never)) setFormat(prefix[1] as string)
      disk.path = (prefix[2] ?? '').replace(/^(raw|aio):/, '')
      positions.splice(0, 2)
    } else {
      const position = positions.shift()
      if (position === 'target') disk.path = word
      else if (position === 'format') setFormat(word)
      else if (position === 'vdev') setVdev(word)
      else if (position === 'access') setAccess(word)
      else throw fail('too many positional parameters', word)
    }
  }

  if (disk.vdev === undefined)
    throw new Refused(1, `${source}: config parsing error in disk specification: no vdev specified in \`${whole}'`)
  const path = disk.path ?? ''
  if (path === '' && !disk.cdrom)
    throw new Refused(1, `${source}: config parsing error in disk specification: no target specified in \`${whole}'`)
  return {
    path: path === '' || path.startsWith('/') ? path : `/dev/${path}`,
    vdev: disk.vdev,
    format: path === '' ? 'empty' : (disk.format ?? 'raw'),
    ...(disk.backend ? { backend: disk.backend } : {}),
    ...(disk.script ? { script: disk.script } : {}),
    readWrite: disk.cdrom ? false : (disk.readWrite ?? true),
    cdrom: disk.cdrom ?? false,
  }
}

/** The number that Xen has for a device: 51712 of "xvda", 768 of "hda"; undefined for what is no device. */
export function deviceNumber(vdev: string): number | undefined {
  const parts = /^(xvd|hd|sd)([a-z])([0-9]*)$/.exec(vdev)
  if (!parts) return /^d([0-9]+)(p[0-9]+)?$/.test(vdev) ? 51_712 + 16 * Number(/\d+/.exec(vdev)?.[0]) : undefined
  const [, kind, letter = 'a', partition] = parts
  const index = letter.charCodeAt(0) - 97
  if (kind === 'hd') return (index < 2 ? 3 : 22) * 256 + (index % 2) * 64 + Number(partition || 0)
  return (kind === 'sd' ? 8 : 202) * 256 + index * 16 + Number(partition || 0)
}

/** The place of a disk among its guest's: 0 of "xvda" and of "hda". */
export function diskIndex(vdev: string): number {
  return (/[a-z]([0-9]*)$/.exec(vdev)?.[0].charCodeAt(0) ?? 97) - 97
}
