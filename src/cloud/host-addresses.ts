import type { Db } from '../database/open.ts'
import { contains, parseAddress } from '../rules/address.ts'
import { firstFree } from './allocate.ts'
import { isOn } from './desired-networks.ts'
import { readNetworkRows } from './network-rows.ts'
import { isServed, rangesOf } from './network-spec.ts'
import type { NetworkRow } from './rows.ts'

/**
 * Gives a host the addresses of its own that it needs on a network: in each range where it is the gateway, or gives addresses out. It keeps those that
 * it has as long as they fit; others are let go. Answers them. `reserved` are promised to instances.
 * @throws AppError conflict: none is free
 */
export async function settleHostAddresses(
  trx: Db,
  { id: network, name, stack, spec }: Pick<NetworkRow, 'id' | 'name' | 'stack' | 'spec'>,
  host: string,
  reserved: ReadonlySet<string>,
): Promise<string[]> {
  const rows = await trx
    .selectFrom('network_addresses')
    .select(['address', 'host'])
    .where('network', '=', network)
    .execute()
  const mine = rows.filter((row) => row.host === host).map(({ address }) => address)
  const fits = hostAddressesThatFit({ spec }, mine, reserved)
  const gone = mine.filter((address) => !fits.includes(address))
  if (gone.length > 0)
    await trx.deleteFrom('network_addresses').where('network', '=', network).where('address', 'in', gone).execute()
  const taken = new Set([...rows.map(({ address }) => address), ...reserved])
  const added = rangesOf(spec)
    .filter(({ spec: range }) => isServed(spec, range))
    .filter(({ range }) => !fits.some((text) => contains(range, parseAddress(text) ?? never)))
    .map((range) => firstFree(range.spec, taken, `the network ${stack}.${name}`))
  if (added.length > 0)
    await trx
      .insertInto('network_addresses')
      .values(added.map((address) => ({ network, address, host })))
      .execute()
  return [...fits, ...added]
}

const never = { family: 4, value: -1n } as const

/** Those of a host's addresses on a network that it needs, and can keep, as the network is declared. */
export function hostAddressesThatFit(
  { spec }: Pick<NetworkRow, 'spec'>,
  own: readonly string[],
  reserved: ReadonlySet<string>,
): string[] {
  const served = rangesOf(spec).filter(({ spec: range }) => isServed(spec, range))
  return own.filter((text) => {
    const address = parseAddress(text)
    const range = address && served.find((one) => contains(one.range, address))
    const router = range && parseAddress(range.spec.gateway ?? '')
    return range !== undefined && router?.value !== address?.value && !reserved.has(text)
  })
}

/** Lets the addresses go of hosts that have no instance on the network any more, of a stack. */
export async function freeHostAddresses(trx: Db, stack: string): Promise<void> {
  const { instances, networks } = await readNetworkRows(trx, [stack])
  for (const network of networks) {
    const hosts = new Set(instances.filter((row) => isOn(row, network)).map(({ host }) => host))
    await trx
      .deleteFrom('network_addresses')
      .where('network', '=', network.id)
      .where('host', 'is not', null)
      .$if(hosts.size > 0, (query) => query.where('host', 'not in', [...hosts]))
      .execute()
  }
}
