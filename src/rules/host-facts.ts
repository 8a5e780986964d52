/** What only the host knows, and the rules depend on. */
export interface HostFacts {
  /** The outside interface; absent: nothing leaves the host by us, and floating IPs and forwards have no rules. */
  egress?: {
    interface: string
    /** Its own first address: that which SNAT gives, and that on which forwards without a floating IP listen. */
    ipv4?: string
    /** Its own first address of IPv6, which no port may send from. */
    ipv6?: string
  }
  /** Whether PF sees what the host says to itself (net.pf.filter_local): only then the host reaches its floating IPs. */
  filterLocal: boolean
  /** Where instances ask what they are; absent: no metadata service runs. */
  metadata?: { address: string; port: number }
}
