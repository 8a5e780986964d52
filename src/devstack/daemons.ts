import type { Dnsmasq } from './dhcp-lease.ts'

/** A program that runs inside of a simulated machine without being a process of this one. */
export interface SimulatedDaemon {
  pid: number
  /** The command line, as ps(1) shows it. */
  command: string
  /** What it does at a signal that it may heed: "HUP". */
  heed(signal: string): Promise<void>
  /** Of a dnsmasq alone. */
  dnsmasq?: Dnsmasq
}

/** The process table of a simulated machine, as far as it is the machine's own: programs that went into the background. */
export interface Daemons {
  start(daemon: Omit<SimulatedDaemon, 'pid'>): SimulatedDaemon
  find(pid: number): SimulatedDaemon | undefined
  all(): readonly SimulatedDaemon[]
  /** TERM and KILL end it, every other signal it heeds. */
  signal(daemon: SimulatedDaemon, name: string): Promise<void>
}

export function openDaemons(): Daemons {
  const running = new Map<number, SimulatedDaemon>()
  let last = 20_000
  return {
    start(daemon) {
      last += 1
      const started = { ...daemon, pid: last }
      running.set(last, started)
      return started
    },
    find: (pid) => running.get(pid),
    all: () => [...running.values()],
    async signal(daemon, name) {
      if (name === 'TERM' || name === 'KILL') running.delete(daemon.pid)
      else await daemon.heed(name)
    },
  }
}
