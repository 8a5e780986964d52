import { isDeepStrictEqual } from 'node:util'
import type { Stack } from '../contract/stack.ts'
import type { Db } from '../database/open.ts'
import { newId } from '../platform/secret.ts'
import { allocateAddresses, allocatePort, newInstanceId, newVncPassword } from './allocate.ts'
import { type Blueprint, documentOf, type Given, type PortPlan } from './blueprint.ts'
import type { Step } from './draft.ts'
import { promisedAddresses } from './members.ts'
import { bridgeOf } from './network-spec.ts'
import { type InstanceRow, instanceColumns, memberColumns } from './rows.ts'
import { isTaken } from './succession.ts'

/** A step of instances or volumes. */
export type InstanceStep = Extract<
  Step,
  { do: `${'create' | 'change' | 'remove'}-${'instance' | 'volume'}` | 'save-member' }
>

/** The addresses that hosts have on networks, by `ownKey`. */
export type OwnAddresses = ReadonlyMap<string, readonly string[]>

export function ownKey(network: string, host: string): string {
  return `${network} ${host}`
}

/** Writes what becomes of the instances and volumes of a stack. */
export class InstanceWriter {
  readonly #trx: Db
  readonly #stack: Stack
  readonly #generations: ReadonlyMap<string, number>
  readonly #own: OwnAddresses

  constructor(
    trx: Db,
    stack: Stack,
    { generations, own }: { generations: ReadonlyMap<string, number>; own: OwnAddresses },
  ) {
    this.#trx = trx
    this.#stack = stack
    this.#generations = generations
    this.#own = own
  }

  async write(step: InstanceStep): Promise<void> {
    const trx = this.#trx
    switch (step.do) {
      case 'create-instance':
        return this.#create(step)
      case 'change-instance':
        return this.#change(step)
      case 'save-member':
        await trx.updateTable('instances').set(memberColumns(step.member)).where('id', '=', step.row.id).execute()
        return
      case 'remove-instance':
        return removeInstance(trx, step.row, this.#generation(step.row.host))
      case 'create-volume': {
        const { name, sizeBytes, host } = step
        const volume = { id: newId(), stack: this.#stack.name, name, host, size_bytes: sizeBytes, wanted: 'present' }
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
    }
  }

  #generation(host: string | null): number {
    return this.#generations.get(host ?? '') ?? 0
  }

  async #create({ member, blueprint, host, replaces }: Extract<Step, { do: 'create-instance' }>): Promise<void> {
    if (replaces) await removeInstance(this.#trx, replaces, this.#generation(replaces.host))
    const id = newInstanceId()
    const held = (await isTaken(this.#trx, member.name)) ? 1 : 0
    const row = { id, stack: this.#stack.name, name: member.name, member: member.spec.name, host, held }
    const generation = this.#generation(host)
    // The row is there before its ports, which name it.
    const bare = documentOf({ ...blueprint, ports: [], volumes: [] }, { ...nothingGiven, id })
    await this.#trx
      .insertInto('instances')
      .values({ ...row, generation, ...memberColumns(member), ...instanceColumns(bare) })
      .execute()
    const document = documentOf(blueprint, {
      id,
      revision: 1,
      ports: await this.#ports({ id, host }, blueprint),
      volumeIds: await this.#volumeIds(),
      vncPassword: newVncPassword(),
    })
    await this.#trx.updateTable('instances').set(instanceColumns(document)).where('id', '=', id).execute()
  }

  async #change({ member, row, blueprint }: Extract<Step, { do: 'change-instance' }>): Promise<void> {
    const document = documentOf(blueprint, {
      id: row.id,
      revision: row.document.revision,
      ports: await this.#ports(row, blueprint),
      volumeIds: await this.#volumeIds(),
      vncPassword: row.document.vnc?.password ?? newVncPassword(),
    })
    // When only its groups are others, the document says what it said.
    const revision = row.document.revision + (isDeepStrictEqual(document, row.document) ? 0 : 1)
    await this.#trx
      .updateTable('instances')
      .set({
        ...instanceColumns({ ...document, revision }),
        generation: this.#generation(row.host),
        ...memberColumns(member),
      })
      .where('id', '=', row.id)
      .execute()
  }

  /** The ports of an instance: those that it keeps (from its predecessor too), those that it gets; others leave. */
  async #ports({ id: instance, host }: { id: string; host: string }, { ports }: Blueprint): Promise<Given['ports']> {
    const given: Given['ports'][number][] = []
    const kept = ports.flatMap((port) => port.kept?.id ?? [])
    // The guest has what it loses until it starts again: nobody is given its addresses before that, and its rules stay.
    await this.#trx
      .updateTable('ports')
      .set({ leaving: 1 })
      .where('instance', '=', instance)
      .$if(kept.length > 0, (query) => query.where('id', 'not in', kept))
      .execute()
    for (const port of ports) {
      const network = await this.#networkId(port.spec.name)
      if (port.kept)
        await this.#trx.updateTable('ports').set({ instance, network }).where('id', '=', port.kept.id).execute()
      const { id, mac } = port.kept ?? (await allocatePort(this.#trx, instance, network))
      const promised = promisedAddresses(this.#stack, port.spec.name)
      const addresses = await allocateAddresses(this.#trx, id, network, port, promised)
      await this.#guard(id, port)
      const bridge = bridgeOf({ id: network, spec: port.spec })
      given.push({ id, mac, bridge, addresses, own: this.#own.get(ownKey(network, host)) ?? [] })
    }
    return given
  }

  /** What a port may say beside its own addresses, and the groups that decide for it. */
  async #guard(id: string, { groups, allowed }: PortPlan): Promise<void> {
    await this.#trx
      .updateTable('ports')
      .set({ allowed: JSON.stringify(allowed) })
      .where('id', '=', id)
      .execute()
    await this.#trx.deleteFrom('port_groups').where('port', '=', id).execute()
    if (groups.length === 0) return
    await this.#trx
      .insertInto('port_groups')
      .columns(['port', 'security_group'])
      .expression((from) =>
        from
          .selectFrom('security_groups')
          .select((row) => [row.val(id).as('port'), 'security_groups.id'])
          .where('stack', '=', this.#stack.name)
          .where('name', 'in', groups),
      )
      .execute()
  }

  async #networkId(name: string): Promise<string> {
    const row = await this.#trx
      .selectFrom('networks')
      .select('id')
      .where('stack', '=', this.#stack.name)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return row.id
  }

  async #volumeIds(): Promise<Map<string, string>> {
    const rows = await this.#trx
      .selectFrom('volumes')
      .select(['id', 'name'])
      .where('stack', '=', this.#stack.name)
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
