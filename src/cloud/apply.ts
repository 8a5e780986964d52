import type { Db } from '../database/open.ts'
import { newId } from '../platform/secret.ts'
import { allocateAddresses, allocatePort, newInstanceId, newVncPassword } from './allocate.ts'
import { type Blueprint, documentOf, type Given } from './blueprint.ts'
import type { Step } from './draft.ts'
import type { Fleet } from './fleet.ts'
import { bridgeOf } from './network-spec.ts'
import { type InstanceRow, instanceColumns } from './rows.ts'
import { isTaken } from './succession.ts'

/**
 * Writes what a draft says: networks and volumes, then what goes, then what changes, then what comes. Answers the hosts whose desired
 * document is another now. Runs inside of the turn in which the draft was made.
 */
export async function applySteps(trx: Db, fleet: Fleet, stack: string, steps: readonly Step[]): Promise<string[]> {
  const hosts = new Set<string>()
  for (const step of steps) for (const host of hostsOf(step)) hosts.add(host)
  const writer = new Writer(trx, stack, await fleet.nextGeneration(trx, [...hosts]))
  for (const kind of order) for (const step of steps) if (step.do === kind) await writer.write(step)
  return [...hosts]
}

/** Volumes before instances, which name them; what goes before what comes, which may take its name. */
const order: readonly Step['do'][] = [
  'save-network',
  'remove-network',
  'remove-instance',
  'remove-volume',
  'create-volume',
  'change-volume',
  'save-placement',
  'change-instance',
  'create-instance',
]

function hostsOf(step: Step): string[] {
  switch (step.do) {
    case 'create-instance':
      return [step.host, ...(step.replaces ? [step.replaces.host] : [])]
    case 'change-instance':
    case 'remove-instance':
      return [step.row.host]
    case 'create-volume':
    case 'change-volume':
      return step.host === null ? [] : [step.host]
    case 'remove-volume':
      return step.row.host === null ? [] : [step.row.host]
    default:
      return []
  }
}

class Writer {
  readonly #trx: Db
  readonly #stack: string
  readonly #generations: ReadonlyMap<string, number>

  constructor(trx: Db, stack: string, generations: ReadonlyMap<string, number>) {
    this.#trx = trx
    this.#stack = stack
    this.#generations = generations
  }

  async write(step: Step): Promise<void> {
    const trx = this.#trx
    switch (step.do) {
      case 'create-instance':
        return this.#create(step)
      case 'change-instance':
        return this.#change(step)
      case 'save-placement':
        await trx
          .updateTable('instances')
          .set({ placement: JSON.stringify(step.member.placement) })
          .where('id', '=', step.row.id)
          .execute()
        return
      case 'remove-instance':
        return removeInstance(trx, step.row, this.#generation(step.row.host))
      case 'create-volume': {
        const { name, sizeBytes, host } = step
        const volume = { id: newId(), stack: this.#stack, name, host, size_bytes: sizeBytes, wanted: 'present' }
        await trx
          .insertInto('volumes')
          .values({ ...volume, generation: this.#generation(host) })
          .execute()
        return
      }
      case 'change-volume':
        await trx
          .updateTable('volumes')
          .set({ size_bytes: step.sizeBytes, host: step.host, generation: this.#generation(step.host) })
          .where('id', '=', step.row.id)
          .execute()
        return
      case 'remove-volume':
        // One that was never made is gone at once.
        if (step.row.host === null) await trx.deleteFrom('volumes').where('id', '=', step.row.id).execute()
        else
          await trx
            .updateTable('volumes')
            .set({ wanted: 'absent', generation: this.#generation(step.row.host) })
            .where('id', '=', step.row.id)
            .execute()
        return
      case 'save-network': {
        const network = { name: step.spec.name, spec: JSON.stringify(step.spec), wanted: 'present' }
        if (step.row) await trx.updateTable('networks').set(network).where('id', '=', step.row.id).execute()
        else
          await trx
            .insertInto('networks')
            .values({ id: newId(), stack: this.#stack, ...network })
            .execute()
        return
      }
      case 'remove-network':
        await trx.updateTable('networks').set({ wanted: 'absent' }).where('id', '=', step.row.id).execute()
    }
  }

  #generation(host: string | null): number {
    return this.#generations.get(host ?? '') ?? 0
  }

  async #create({ member, blueprint, host, replaces }: Extract<Step, { do: 'create-instance' }>): Promise<void> {
    if (replaces) await removeInstance(this.#trx, replaces, this.#generation(replaces.host))
    const id = newInstanceId()
    const held = (await isTaken(this.#trx, member.name)) ? 1 : 0
    const row = { id, stack: this.#stack, name: member.name, member: member.spec.name, host, held }
    const generation = this.#generation(host)
    // The row is there before its ports, which name it.
    const bare = documentOf({ ...blueprint, ports: [], volumes: [] }, { ...nothingGiven, id })
    await this.#trx
      .insertInto('instances')
      .values({ ...row, generation, placement: JSON.stringify(member.placement), ...instanceColumns(bare) })
      .execute()
    const document = documentOf(blueprint, {
      id,
      revision: 1,
      ports: await this.#ports(id, blueprint),
      volumeIds: await this.#volumeIds(),
      vncPassword: newVncPassword(),
    })
    await this.#trx.updateTable('instances').set(instanceColumns(document)).where('id', '=', id).execute()
  }

  async #change({ member, row, blueprint }: Extract<Step, { do: 'change-instance' }>): Promise<void> {
    const document = documentOf(blueprint, {
      id: row.id,
      revision: row.document.revision + 1,
      ports: await this.#ports(row.id, blueprint),
      volumeIds: await this.#volumeIds(),
      vncPassword: row.document.vnc?.password ?? newVncPassword(),
    })
    await this.#trx
      .updateTable('instances')
      .set({
        ...instanceColumns(document),
        generation: this.#generation(row.host),
        placement: JSON.stringify(member.placement),
      })
      .where('id', '=', row.id)
      .execute()
  }

  /** The ports of an instance: those that it keeps (from its predecessor too), those that it gets; others are let go. */
  async #ports(instance: string, { ports }: Blueprint): Promise<Given['ports']> {
    const given: Given['ports'][number][] = []
    const kept = ports.flatMap((port) => port.kept?.id ?? [])
    await this.#trx
      .deleteFrom('ports')
      .where('instance', '=', instance)
      .$if(kept.length > 0, (query) => query.where('id', 'not in', kept))
      .execute()
    for (const port of ports) {
      const network = await this.#networkId(port.spec.name)
      if (port.kept)
        await this.#trx.updateTable('ports').set({ instance, network }).where('id', '=', port.kept.id).execute()
      const { id, mac } = port.kept ?? (await allocatePort(this.#trx, instance, network))
      given.push({
        id,
        mac,
        bridge: bridgeOf({ id: network, spec: port.spec }),
        addresses: await allocateAddresses(this.#trx, id, network, port),
      })
    }
    return given
  }

  async #networkId(name: string): Promise<string> {
    const row = await this.#trx
      .selectFrom('networks')
      .select('id')
      .where('stack', '=', this.#stack)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return row.id
  }

  async #volumeIds(): Promise<Map<string, string>> {
    const rows = await this.#trx
      .selectFrom('volumes')
      .select(['id', 'name'])
      .where('stack', '=', this.#stack)
      .where('wanted', '=', 'present')
      .execute()
    return new Map(rows.map(({ id, name }) => [name, id]))
  }
}

const nothingGiven: Given = { id: '', revision: 1, ports: [], volumeIds: new Map(), vncPassword: '' }

/** Tells the host to remove an instance with its disks. The row stays until the host says that it has. */
async function removeInstance(trx: Db, { id, document }: InstanceRow, generation: number): Promise<void> {
  const { volumes: _, ...rest } = document
  const leaving = { ...rest, volumes: [], revision: document.revision + 1, wanted: 'absent' as const }
  await trx
    .updateTable('instances')
    .set({ ...instanceColumns(leaving), generation })
    .where('id', '=', id)
    .execute()
}
