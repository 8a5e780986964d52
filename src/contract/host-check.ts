/** A setting in one of the host's files of the form `key="value"`. */
export interface ConfigLine {
  file: '/boot/loader.conf' | '/etc/rc.conf' | '/etc/sysctl.conf'
  key: string
  value: string
}

/** One thing that a host needs, as `slipway host doctor` shows it. */
export interface HostCheck {
  name: string
  good: boolean
  /** What was found: "15.1-RELEASE". */
  found: string
  /** How to mend it; empty when it is good. */
  mend: string
  /** Lines of the host's configuration that mend it; a reboot or a restart of the service may be needed after them. */
  lines: readonly ConfigLine[]
}
