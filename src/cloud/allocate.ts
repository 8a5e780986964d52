import { createHash, randomInt, randomUUID } from 'node:crypto'
import { AppError } from '../contract/errors.ts'
import type { StackRange } from '../contract/stack-network.ts'
import type { Db } from '../database/open.ts'
import { newId } from '../platform/secret.ts'
import { addressText, contains, parseAddress, parseRange, usable } from '../rules/address.ts'
import type { PortPlan } from './blueprint.ts'

/** A new instance's id. cloud-init takes a guest whose UUID begins with `ec2`, read in either byte order, for one of Amazon's. */
export function newInstanceId(random: () => string = randomUUID): string {
  for (;;) {
    const id = random()
    // SMBIOS keeps the first group with its bytes reversed.
    const swapped = (id.slice(0, 8).match(/../g) ?? []).reverse().join('')
    if (!id.startsWith('ec2') && !swapped.startsWith('ec2')) return id
  }
}

/** Eight characters, which is all that VNC looks at. */
export function newVncPassword(): string {
  const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join('')
}

/** A MAC out of Xen's range for a port; `attempt` counts up while the one before was taken. */
export function macOf(port: string, attempt: number): string {
  const hash = createHash('sha256').update(`${port} ${attempt}`).digest('hex')
  return `00:16:3e:${hash.slice(0, 2)}:${hash.slice(2, 4)}:${hash.slice(4, 6)}`
}

/** Gives a port its row: an id, and a MAC that no other port has. */
export async function allocatePort(
  trx: Db,
  instance: string,
  network: string,
  id: string = newId(),
): Promise<{ id: string; mac: string }> {
  for (let attempt = 0; ; attempt++) {
    const mac = macOf(id, attempt)
    const taken = await trx.selectFrom('ports').select('id').where('mac', '=', mac).executeTakeFirst()
    if (taken) continue
    await trx.insertInto('ports').values({ id, instance, network, mac, allowed: '[]', leaving: 0 }).execute()
    return { id, mac }
  }
}

/**
 * Gives a port the addresses that its plan leaves open, the lowest that are free, and lets go of those that it no longer has. `reserved` are promised
 * to others.
 * @throws AppError conflict: the address is taken, or none is free
 */
export async function allocateAddresses(
  trx: Db,
  port: string,
  network: string,
  { spec, network: name, addresses }: PortPlan,
  reserved: ReadonlySet<string>,
): Promise<string[]> {
  const rows = await trx
    .selectFrom('network_addresses')
    .select(['address', 'port'])
    .where('network', '=', network)
    .execute()
  const mine = rows.filter((row) => row.port === port).map(({ address }) => address)
  const others = new Set(rows.filter((row) => row.port !== port).map(({ address }) => address))
  const given = addresses.map(({ family, address }) => {
    if (address === undefined)
      return firstFree(family === 4 ? spec.ipv4 : spec.ipv6, new Set([...others, ...reserved]), `the network ${name}`)
    if (others.has(address)) throw new AppError('conflict', `the address ${address} of the network ${name} is taken`)
    return address
  })
  const gone = mine.filter((address) => !given.includes(address))
  if (gone.length > 0)
    await trx.deleteFrom('network_addresses').where('network', '=', network).where('address', 'in', gone).execute()
  const added = given.filter((address) => !mine.includes(address))
  if (added.length > 0)
    await trx
      .insertInto('network_addresses')
      .values(added.map((address) => ({ network, address, port })))
      .execute()
  return given
}

/**
 * The lowest address of a range that nobody has. The gateway and the name servers are somebody. `whose`: "the network shop.lan".
 * @throws AppError conflict: none is free
 */
export function firstFree(range: StackRange | undefined, taken: ReadonlySet<string>, whose: string): string {
  const parsed = parseRange(range?.range ?? '')
  if (!range || !parsed) throw new AppError('internal', `${whose} has no range to give addresses of`)
  const outer = usable(parsed)
  const from = parseAddress(range.pool?.from ?? '')?.value ?? outer.first
  const to = parseAddress(range.pool?.to ?? '')?.value ?? outer.last
  const reserved = [range.gateway, ...(range.dns ?? [])].flatMap((text) => parseAddress(text ?? '') ?? [])
  const blocked = new Set([
    ...[...taken].flatMap((text) => parseAddress(text)?.value ?? []),
    ...reserved.filter((address) => contains(parsed, address)).map(({ value }) => value),
  ])
  for (let value = from > outer.first ? from : outer.first; value <= to && value <= outer.last; value++)
    if (!blocked.has(value)) return addressText({ family: parsed.family, value })
  throw new AppError(
    'conflict',
    `${whose} has no free address left in ${range.pool ? `${range.pool.from} to ${range.pool.to}` : range.range}; make its range larger`,
  )
}
