import type { Cloud } from '../cloud/stacks.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import type { Db } from '../database/open.ts'
import { nextGeneration } from '../fleet/desired.ts'
import { readHosts } from '../fleet/hosts.ts'
import type { Blobs } from '../registry/blobs.ts'
import { checkImages, findImage } from './images.ts'

/** Gives the cloud what it asks of the fleet and of the registry. */
export function openCloud(db: Db, blobs: Blobs, config: Readonly<ServerConfig>): Cloud {
  return {
    db,
    fleet: {
      hosts: (on) => readHosts(on, { now: new Date(), silentSeconds: config.hostSilentSeconds }),
      nextGeneration,
    },
    images: { find: (on, name, version) => findImage(on, blobs, name, version), check: checkImages },
    memoryOvercommit: config.memoryOvercommit,
  }
}
