import { join } from 'node:path'

/**
 * What compute keeps on a host:
 *
 *     var/db/slipway/desired/instances.json        what to run; the agent's
 *     var/db/slipway/cache/sha256/<64 hex>         layers of images; the agent's
 *     var/db/slipway/compute/instances/<uuid>/     record.json, domain.cfg, seed.img, snapshots/<name>.{json,save}   (0700)
 *     var/db/slipway/compute/operations/<id>.json  journals
 *     var/log/slipway/console/<name>.log, .log.0
 *     var/run/slipway/compute.sock
 *
 * The service slipway_guests takes the names of the folders in compute/instances for the guests that are ours.
 */
export function computePaths(root: string) {
  const state = join(root, 'var/db/slipway/compute')
  const instances = join(state, 'instances')
  const instance = (id: string) => join(instances, id)
  return {
    config: join(root, 'usr/local/etc/slipway/compute.yaml'),
    socket: join(root, 'var/run/slipway/compute.sock'),
    networkSocket: join(root, 'var/run/slipway/network.sock'),
    desired: join(root, 'var/db/slipway/desired/instances.json'),
    layer: (digest: string) => join(root, 'var/db/slipway/cache', digest.replace(':', '/')),
    instances,
    instance,
    record: (id: string) => join(instance(id), 'record.json'),
    seed: (id: string) => join(instance(id), 'seed.img'),
    snapshots: (id: string) => join(instance(id), 'snapshots'),
    memory: (id: string, snapshot: string) => join(instance(id), 'snapshots', `${snapshot}.save`),
    memoryFacts: (id: string, snapshot: string) => join(instance(id), 'snapshots', `${snapshot}.json`),
    operations: join(state, 'operations'),
    operation: (id: string) => join(state, 'operations', `${id}.json`),
    /** The hotplug script of Slipway, which the component rc links there. */
    vifScript: join(root, 'usr/local/etc/xen/scripts/vif-slipway'),
    console: (name: string) => join(root, 'var/log/slipway/console', `${name}.log`),
  }
}
export type ComputePaths = ReturnType<typeof computePaths>
