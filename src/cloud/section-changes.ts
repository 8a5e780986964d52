import type { Db } from '../database/open.ts'
import { desiredNetworks } from './desired-networks.ts'
import { readNetworkRows } from './network-rows.ts'

/** What the hosts of some stacks are told of networks, as text by host. */
export type NetworkTexts = ReadonlyMap<string, string>

/** Read it before a change of stacks and give it to `hostsToldOtherwise` after it, in the same transaction. */
export async function networkTexts(trx: Db, stacks: readonly string[]): Promise<NetworkTexts> {
  const rows = await readNetworkRows(trx, stacks)
  const hosts = new Set(rows.instances.map(({ host }) => host))
  // Nothing of a stack depends on another, so what of others is on these hosts can be left out.
  return new Map([...hosts].map((host) => [host, JSON.stringify(desiredNetworks(host, rows))]))
}

/**
 * The hosts that have to be told something else of networks than before: a group of one host has a member on another, and that one changed. A host
 * without an instance of the stacks is told nothing of them.
 */
export async function hostsToldOtherwise(trx: Db, stacks: readonly string[], before: NetworkTexts): Promise<string[]> {
  const after = await networkTexts(trx, stacks)
  return [...new Set([...before.keys(), ...after.keys()])].filter((host) => before.get(host) !== after.get(host))
}
