/** Writers of superblocks, as little of them as makes a file system known: each fills a volume that was zeros. */
const id = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
export const idText = '00112233-4455-6677-8899-aabbccddeeff'

type Write = (volume: Buffer) => void

const extBlock =
  (compatible: number, incompatible: number): Write =>
  (volume) => {
    volume.writeUInt16LE(0xef53, 1024 + 0x38)
    volume.writeUInt32LE(compatible, 1024 + 0x5c)
    volume.writeUInt32LE(incompatible, 1024 + 0x60)
    id.copy(volume, 1024 + 0x68)
    volume.write('root', 1024 + 0x78)
  }

function fatSector(volume: Buffer, sectors: number, sectorsPerCluster: number, tableSectors: number): void {
  volume.write('\xeb\x3c\x90mkfs.fat', 'latin1')
  volume.writeUInt16LE(512, 11)
  volume.writeUInt8(sectorsPerCluster, 13)
  volume.writeUInt16LE(32, 14)
  volume.writeUInt8(2, 16)
  volume.writeUInt8(0xf8, 21)
  volume.writeUInt32LE(sectors, 32)
  volume.writeUInt32LE(tableSectors, 36)
  volume.writeUInt16LE(0xaa55, 510)
}

function fatOld(volume: Buffer, sectors: number, sectorsPerCluster: number, name: string): void {
  fatSector(volume, sectors, sectorsPerCluster, 0)
  volume.writeUInt16LE(512, 17)
  volume.writeUInt16LE(64, 22)
  volume.writeUInt32LE(0x1a2b3c4d, 39)
  volume.write(name.padEnd(11), 43)
}

function ufsBlock(volume: Buffer, at: number, magic: number): void {
  volume.writeUInt32LE(32_768, at + 48)
  volume.writeUInt32LE(0x5f000001, at + 144)
  volume.writeUInt32LE(0x00abcdef, at + 148)
  volume.write('rootfs', at + 680)
  volume.writeUInt32LE(magic, at + 1372)
}

/** A name and a number as OpenZFS packs them into a label. */
function fact(name: string, kind: number, value: Buffer): Buffer {
  const nameBytes = Math.ceil(name.length / 4) * 4
  const pair = Buffer.alloc(12 + nameBytes + 8 + value.length)
  pair.writeUInt32BE(pair.length, 0)
  pair.writeUInt32BE(name.length, 8)
  pair.write(name, 12)
  pair.writeUInt32BE(kind, 12 + nameBytes)
  pair.writeUInt32BE(1, 16 + nameBytes)
  value.copy(pair, 20 + nameBytes)
  return pair
}

function ntfsVolume(volume: Buffer): void {
  volume.write('\xeb\x52\x90NTFS    ', 'latin1')
  volume.writeUInt16LE(512, 11)
  volume.writeUInt8(8, 13)
  volume.writeBigUInt64LE(4n, 48)
  volume.writeInt8(-10, 64)
  volume.writeBigUInt64LE(0x1234567890abcdefn, 72)
  volume.writeUInt16LE(0xaa55, 510)
  const record = 4 * 4096 + 3 * 1024
  volume.write('FILE', record)
  volume.writeUInt16LE(56, record + 20)
  volume.writeUInt32LE(0x10, record + 56)
  volume.writeUInt32LE(72, record + 60)
  volume.writeUInt32LE(0x60, record + 128)
  volume.writeUInt32LE(48, record + 132)
  volume.writeUInt32LE(14, record + 144)
  volume.writeUInt16LE(24, record + 148)
  volume.write('Windows', record + 152, 'utf16le')
  volume.writeUInt32LE(0xffffffff, record + 176)
}

/** Every file system: what is written, and what must be found. */
export const superblocks: Readonly<
  Record<string, { write: Write; found: { type: string; label?: string; uuid?: string } }>
> = {
  ext2: { write: extBlock(0, 2), found: { type: 'ext2', label: 'root', uuid: idText } },
  ext3: { write: extBlock(4, 2), found: { type: 'ext3', label: 'root', uuid: idText } },
  ext4: { write: extBlock(4, 0x42), found: { type: 'ext4', label: 'root', uuid: idText } },
  xfs: {
    write(volume) {
      volume.write('XFSB')
      volume.writeUInt32BE(4096, 4)
      id.copy(volume, 32)
      volume.write('data', 108)
    },
    found: { type: 'xfs', label: 'data', uuid: idText },
  },
  btrfs: {
    write(volume) {
      id.copy(volume, 65_536 + 0x20)
      volume.write('_BHRfS_M', 65_536 + 0x40)
      volume.write('pool', 65_536 + 0x12b)
    },
    found: { type: 'btrfs', label: 'pool', uuid: idText },
  },
  fat12: {
    write: (volume) => fatOld(volume, 4000, 1, 'NO NAME'),
    found: { type: 'fat12', uuid: '1A2B-3C4D' },
  },
  fat16: {
    write: (volume) => fatOld(volume, 40_000, 4, 'CIDATA'),
    found: { type: 'fat16', label: 'CIDATA', uuid: '1A2B-3C4D' },
  },
  fat32: {
    write(volume) {
      fatSector(volume, 600_000, 1, 4700)
      volume.writeUInt32LE(0x1a2b3c4d, 67)
      volume.write('ESP        FAT32   ', 71)
    },
    found: { type: 'fat32', label: 'ESP', uuid: '1A2B-3C4D' },
  },
  exfat: {
    write(volume) {
      volume.write('\xeb\x76\x90EXFAT   ', 'latin1')
      volume.writeUInt32LE(64, 88)
      volume.writeUInt32LE(5, 96)
      volume.writeUInt32LE(0x1a2b3c4d, 100)
      volume.writeUInt8(9, 108)
      volume.writeUInt8(3, 109)
      volume.writeUInt16LE(0xaa55, 510)
      const root = (64 + 3 * 8) * 512
      volume.writeUInt8(0x81, root)
      volume.writeUInt8(0x83, root + 32)
      volume.writeUInt8(5, root + 33)
      volume.write('STICK', root + 34, 'utf16le')
    },
    found: { type: 'exfat', label: 'STICK', uuid: '1A2B-3C4D' },
  },
  ntfs: { write: ntfsVolume, found: { type: 'ntfs', label: 'Windows', uuid: '1234567890ABCDEF' } },
  ufs1: {
    write: (volume) => ufsBlock(volume, 8192, 0x00011954),
    found: { type: 'ufs1', label: 'rootfs', uuid: '5f00000100abcdef' },
  },
  ufs2: {
    write: (volume) => ufsBlock(volume, 65_536, 0x19540119),
    found: { type: 'ufs2', label: 'rootfs', uuid: '5f00000100abcdef' },
  },
  zfs: {
    write(volume) {
      const guid = Buffer.alloc(8)
      guid.writeBigUInt64BE(12345678901234567890n)
      const facts = [
        fact('version', 8, Buffer.alloc(8)),
        fact('name', 9, Buffer.from('\0\0\0\x05zroot\0\0\0', 'latin1')),
      ]
      Buffer.concat([Buffer.from('010100000000000000000001', 'hex'), ...facts, fact('pool_guid', 8, guid)]).copy(
        volume,
        16_384,
      )
      volume.writeBigUInt64LE(0x00bab10cn, 131_072 + 4096)
    },
    found: { type: 'zfs', label: 'zroot', uuid: '12345678901234567890' },
  },
  swap: {
    write(volume) {
      id.copy(volume, 1036)
      volume.write('swapspace', 1052)
      volume.write('SWAPSPACE2', 4086)
    },
    found: { type: 'swap', label: 'swapspace', uuid: idText },
  },
  lvm2: {
    write: (volume) => void volume.write(`${'LABELONE'.padEnd(24, '\0')}LVM2 001abcdefGHIJKLmnopQRSTuvwxYZ123456`, 512),
    found: { type: 'lvm2', uuid: 'abcdef-GHIJ-KLmn-opQR-STuv-wxYZ-123456' },
  },
  luks1: {
    write(volume) {
      volume.write('LUKS\xba\xbe\0\x01', 'latin1')
      volume.write(idText, 168)
    },
    found: { type: 'luks1', uuid: idText },
  },
  luks2: {
    write(volume) {
      volume.write('LUKS\xba\xbe\0\x02', 'latin1')
      volume.write('secret', 24)
      volume.write(idText, 168)
    },
    found: { type: 'luks2', label: 'secret', uuid: idText },
  },
  iso9660: {
    write(volume) {
      volume.write('\x01CD001\x01', 32_768, 'latin1')
      volume.write('config-2'.padEnd(32), 32_768 + 40)
    },
    found: { type: 'iso9660', label: 'config-2' },
  },
}
