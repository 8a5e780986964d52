/** What xl says when it cannot, and what that means here. The first that fits is told. */
const meanings: readonly [RegExp, (...found: string[]) => string][] = [
  [/Domain with name "(.*)" already exists/, (name) => `another domain has the name ${name}`],
  [/Could not find bridge device (\S+)/, (bridge) => `the bridge ${bridge} does not exist; make it, or name another`],
  [
    /bridge(?: device)? (\S+) does(?: not|n't) exist/i,
    (bridge) => `the bridge ${bridge} does not exist; make it, or name another`,
  ],
  // What vif-slipway wrote to xenstore, a sentence.
  [/device_hotplug_child_death_cb: script: (.*)/, (why) => why],
  [
    /Disk vdev=(\S+) failed to stat: (.*): (.*)/,
    (device, path, why) => `the disk ${device} cannot be used: ${path}: ${why}`,
  ],
  [/failed to open file '(.*)': (No such file.*?|.*?): Internal error/, (path, why) => `cannot open ${path}: ${why}`],
  [
    /out of memory|cannot allocate memory|failed to free memory|not enough memory/i,
    () => 'the hypervisor has not enough free memory for it; stop another instance or give it less',
  ],
  [
    /killing execution of (.*?) because of timeout/,
    (script) =>
      `the script ${script} did not end in time; the host is overloaded, or something it waits for is missing`,
  ],
  [/(\S+): config parsing error near (.*)/, (file, where) => `xl cannot read ${file}: near ${where}`],
  [/[Dd]evice [Mm]odel .*(?:did not start|died|exited)/, () => 'qemu did not start; see /var/log/xen/qemu-dm-*.log'],
  [/unable to add (\w+) devices/, (kind) => `its ${kind} devices cannot be attached`],
  [/Failed to read config file: (.*)/, (why) => `xl cannot read its configuration: ${why}`],
]

/** Why xl refused, in a sentence without a full stop: in our words where they are known, else the first error in its own. */
export function refusalOf(stderr: string): string {
  for (const [pattern, meaning] of meanings) {
    const found = pattern.exec(stderr)
    if (found) return meaning(...found.slice(1))
  }
  return firstError(stderr)
}

/** Whether the words for this refusal are known. */
export function isKnownRefusal(stderr: string): boolean {
  return meanings.some(([pattern]) => pattern.test(stderr))
}

function firstError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Parsing config from'))
  const line = lines.find((it) => /error/i.test(it)) ?? lines.at(-1) ?? 'xl said nothing'
  // "libxl: error: libxl_create.c:1921:domcreate_attach_devices: Domain 8:unable to add vif devices"
  return line
    .replace(/^(libxl|xc): error: (\S+\.c:\d+:\s?\S+ )?(Domain \d+:)?/, '')
    .trim()
    .slice(0, 400)
}
