import { DesiredNetwork } from '../contract/desired.ts'
import { DesiredNetworks, noNetworks } from '../contract/network.ts'
import { parse, parseJson } from '../contract/parse.ts'
import type { Read } from '../platform/generation-file.ts'
import type { Decided } from './standing.ts'

/** What the file desired/network.json says. */
export interface Desired extends Read {
  decided: Decided
}

/**
 * Reads the file that the agent writes. It is taken whole or not at all: a group without one of its rules, or a network without a port, would be another
 * decision than the server's.
 * @throws AppError input-invalid
 */
export function readDesired(text: string): Desired {
  const { generation, network } = parseJson(DesiredNetwork, text, 'network.json')
  // What a server says that knows no networks, or of a host that has none.
  const networks = Object.keys(network).length === 0 ? noNetworks : parse(DesiredNetworks, network, 'network.json')
  return { generation, problems: [], decided: { generation, networks } }
}
