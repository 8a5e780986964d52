import type { DesiredNetworks } from '../contract/network.ts'
import type { HostFacts } from '../rules/host-facts.ts'

/*
 * What the reconcile loop brings to what is in force, beside PF's rules. Each is told at every look, looks itself what is there, and may be killed
 * anywhere: the next call ends the same. What is wrong with one thing does not keep the others; it is answered as a sentence.
 */

/** Bridges, VLANs, addresses, the kernel's settings, and what vif-slipway has to know. */
export interface InterfacesPart {
  /** What of the host the rules depend on. @throws AppError command-failed */
  facts(): Promise<HostFacts>
  /** @throws AppError command-failed | command-timeout */
  apply(networks: DesiredNetworks): Promise<string[]>
  /** Whether an interface of an instance is on this host, wanted or not. @throws AppError command-failed */
  hasPorts(): Promise<boolean>
}

/** DHCP, and the metadata service. */
export interface ServicePart {
  apply(networks: DesiredNetworks): Promise<string[]>
}
