import type { DeviceConnection, GuestDetails } from '../driver.ts'
import { below, type Xenstore } from './xenstore.ts'

/** A block device's name by its number: `51712` is xvda, and each further disk is 16 more (xen-vbd-interface(7)). */
export function deviceName(number: string): string {
  const value = Number(number)
  return value >> 8 === 202 ? `xvd${String.fromCharCode(97 + ((value & 0xff) >> 4))}` : `#${number}`
}

/** The number of a device's name. */
export function deviceNumber(device: string): number {
  return (202 << 8) | ((device.charCodeAt(3) - 97) << 4)
}

/**
 * What xenstore tells of a domain: `/local/domain/<domid>` and what is below it.
 * @param interfacePrefix how the host calls the guests' interfaces: "xnb" on FreeBSD, "vif" on Linux
 */
export function domainDetails(store: Xenstore, domid: number, interfacePrefix: string): GuestDetails {
  const home = `/local/domain/${domid}`
  const value = (path: string) => store.get(`${home}/${path}`) || undefined
  const disks = below(store, `${home}/device/vbd`).map((number) => ({
    device: deviceName(number),
    backend: (value(`device/vbd/${number}/backend`) ?? '').includes('/backend/qdisk/')
      ? ('qdisk' as const)
      : ('phy' as const),
    connection: connection(value(`device/vbd/${number}/state`)),
  }))
  const interfaces = below(store, `${home}/device/vif`).map((index) => ({
    mac: value(`device/vif/${index}/mac`) ?? '',
    name: `${interfacePrefix}${domid}.${index}`,
    connection: connection(value(`device/vif/${index}/state`)),
  }))
  const port = value('console/vnc-port')
  // What an HVM guest writes on its serial port comes before its PV console, which few of them use.
  const consolePath = value('serial/0/tty') ?? value('console/tty')
  return {
    domid,
    disks,
    interfaces,
    ...(consolePath === undefined ? {} : { consolePath }),
    ...(port === undefined ? {} : { vncAddress: `127.0.0.1:${port}` }),
  }
}

/** XenbusState of the guest's end: 4 is Connected. In 2 and 3 its driver is there and waits; in 1 no driver has looked at it yet. */
function connection(state: string | undefined): DeviceConnection {
  if (state === '4') return 'connected'
  return state === '2' || state === '3' ? 'waiting' : 'none'
}
