import type { Interfaces } from '../net/interfaces.ts'
import type { AttachedVif, Domain } from './domain.ts'
import { type HotplugScript, runHotplug, scriptFailed } from './hotplug.ts'
import { libxlError } from './libxl-errors.ts'
import type { VifSpec } from './vif-spec.ts'

/** What interfaces of guests are plugged into. */
export interface Backplane {
  interfaces: Interfaces
  /** What is at a path of xenstore that a script wrote. */
  written(path: string): string | undefined
}

/** The bridge that xl takes when none is named. No FreeBSD has it. */
const ordinaryBridge = 'xenbr0'

/** The script that xl runs when none is named, which comes with Xen. */
export const vifBridge = '/usr/local/etc/xen/scripts/vif-bridge'

/**
 * Plugs an interface of a guest in, and has its script put it into its bridge: libxl runs the script once for the interface itself, and a second
 * time for the tap of an emulated card. Answers what is wrong, in libxl's words, when something is: then nothing of it stays.
 */
export async function connectVif(
  { interfaces, written }: Backplane,
  domain: Domain,
  devid: number,
  spec: VifSpec & { mac: string },
  emulated: boolean,
): Promise<string[] | undefined> {
  const name = `xnb${domain.id}.${devid}`
  const vif: AttachedVif = {
    spec,
    devid,
    bridge: spec.bridge ?? ordinaryBridge,
    interfaces: emulated ? [name, `${name}-emu`] : [name],
    connected: true,
  }
  // The script reads of it in xenstore.
  domain.vifs.push(vif)
  for (const each of vif.interfaces) {
    interfaces.plug(each, each === name ? 'xnb' : 'tap')
    const problem =
      spec.script === undefined ? attach(interfaces, vif, each) : await runHotplug(scriptOf(domain, vif, each), 'add')
    if (problem === undefined) continue
    const why = written(`${backendOf(domain, vif)}/hotplug-error`)
    await disconnectVif({ interfaces }, domain, vif)
    return why === undefined
      ? problem
      : [...problem, libxlError('libxl_device.c:1337:device_hotplug_child_death_cb', undefined, `script: ${why}`)]
  }
  return undefined
}

/** Takes an interface away from its guest, and has its script clear up before it goes. */
export async function disconnectVif(
  { interfaces }: Pick<Backplane, 'interfaces'>,
  domain: Domain,
  vif: AttachedVif,
): Promise<void> {
  if (vif.spec.script !== undefined)
    for (const each of vif.interfaces)
      if (interfaces.find(each)) await runHotplug(scriptOf(domain, vif, each), 'remove')
  for (const each of vif.interfaces) interfaces.unplug(each)
  const at = domain.vifs.indexOf(vif)
  if (at !== -1) domain.vifs.splice(at, 1)
}

/** What vif-bridge does. */
function attach(interfaces: Interfaces, { bridge, interfaces: all }: AttachedVif, name: string): string[] | undefined {
  if (!interfaces.find(bridge)?.bridge)
    return [scriptFailed(vifBridge, 'add', 2000 + all.length, 'exited with error status 1')]
  interfaces.addMember(bridge, name)
  interfaces.get(name).up = true
  return undefined
}

function scriptOf(domain: Domain, vif: AttachedVif, name: string): HotplugScript {
  return {
    path: vif.spec.script as string,
    backend: backendOf(domain, vif),
    interface: name,
    emulated: name !== vif.interfaces[0],
  }
}

function backendOf(domain: Domain, { devid }: AttachedVif): string {
  return `/local/domain/0/backend/vif/${domain.id}/${devid}`
}
