/**
 * How a shim and the simulator of its host speak, over a unix socket: the shim sends one line of JSON, the call, and gets one, what
 * the program said. The caller's end is the end of the connection.
 */
export interface ShimCall {
  /** The path of the program on the host: "/usr/sbin/service". */
  tool: string
  arguments: string[]
  cwd: string
  /** Standard input: of `zfs receive` and of `pfctl -f -` alone. */
  stdin?: string
}

/** The socket, below the root of a simulated host. */
export const shimSocket = '.simulator/socket'
