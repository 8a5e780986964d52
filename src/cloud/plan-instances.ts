import { isDeepStrictEqual } from 'node:util'
import type { FloatingRange } from '../contract/floating-range.ts'
import type { PlanAction } from '../contract/plan.ts'
import type { Blueprint } from './blueprint.ts'
import { labelChanges, sourceText } from './differences.ts'
import type { Draft, PlanInput } from './draft.ts'
import { howChanged, whatLabelsDo, whyNew, whyRemoved, whyReplaced } from './instance-reasons.ts'
import { blueprintOf, type Member, membersOf } from './members.ts'
import { type Company, type HostRoom, type PlacementRequest, place, placementRefusal, withGuest } from './place.ts'
import { type NetworkNeeds, needsOf, networkRefusal, withNeeds } from './place-networks.ts'
import { changeOf, losesGroup } from './plan-document.ts'
import type { InstanceRow } from './rows.ts'
import { roundSizeText, sizeBytes, sizeText } from './size.ts'

/** Where volumes are, as far as that is decided: host ids by the volumes' names. */
export type VolumeHosts = Map<string, string>

/** What is planned already. */
interface Planned {
  volumeHosts: VolumeHosts
  /** The range of each floating IP, by its name in the stack. */
  floatingRanges: ReadonlyMap<string, FloatingRange>
}

/** An instance that needs a host. */
interface Unplaced {
  member: Member
  blueprint: Blueprint
  replaces?: InstanceRow
  why: string
}

/** Plans the instances of a stack. What it decides of volumes without a host, it adds to `volumeHosts`. */
export function planInstances(input: PlanInput, draft: Draft, planned: Planned): void {
  new InstancePlanner(input, draft, planned).run()
}

class InstancePlanner {
  readonly #input: PlanInput
  readonly #draft: Draft
  readonly #volumeHosts: VolumeHosts
  readonly #floatingRanges: Planned['floatingRanges']
  readonly #volumeNames: ReadonlyMap<string, string>
  #hosts: HostRoom[]

  constructor(input: PlanInput, draft: Draft, { volumeHosts, floatingRanges }: Planned) {
    this.#input = input
    this.#draft = draft
    this.#volumeHosts = volumeHosts
    this.#floatingRanges = floatingRanges
    const present = input.volumes.filter(({ wanted }) => wanted === 'present')
    this.#volumeNames = new Map(present.map(({ id, name }) => [id, name]))
    this.#hosts = [...input.hosts]
  }

  run(): void {
    const present = new Map(
      this.#input.instances.filter(({ document }) => document.wanted !== 'absent').map((row) => [row.name, row]),
    )
    const members = membersOf(this.#input.stack)
    const names = new Set(members.map(({ name }) => name))
    for (const row of present.values()) if (!names.has(row.name)) this.#remove(row)
    // What has a host is settled first: it is company, and takes room, for what has none. Then the largest, so that order in the file is nothing.
    const withHost = members.filter(({ name }) => present.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
    const without: Unplaced[] = []
    for (const member of withHost) {
      const row = present.get(member.name) as InstanceRow
      const blueprint = this.#blueprint(member, row)
      const why = whyReplaced(row, blueprint, this.#host(row.host))
      if (why === undefined) this.#change(member, row, blueprint)
      else without.push({ member, blueprint, replaces: row, why })
    }
    for (const member of members)
      if (!present.has(member.name))
        without.push({ member, blueprint: this.#blueprint(member), why: whyNew(this.#leaving(member.name)) })
    for (const { replaces } of without) if (replaces) this.#free(replaces)
    without.sort((a, b) => b.blueprint.memoryMiB - a.blueprint.memoryMiB || (a.member.name < b.member.name ? -1 : 1))
    for (const one of without) this.#make(one)
  }

  #blueprint(member: Member, row?: InstanceRow): Blueprint {
    const current = row && { document: row.document, volumeNames: this.#volumeNames }
    return blueprintOf(this.#input.stack, member, { ...this.#input, current })
  }

  #host(id: string): HostRoom | undefined {
    return this.#hosts.find((host) => host.id === id)
  }

  /** Where an instance of this name is on its way out. */
  #leaving(name: string): HostRoom | undefined {
    const row = this.#input.instances.find((one) => one.name === name)
    return row && this.#host(row.host)
  }

  #remove(row: InstanceRow): void {
    const host = this.#host(row.host)
    this.#draft.steps.push({ do: 'remove-instance', row })
    this.#act('remove', row, host, {
      interrupts: true,
      reason: whyRemoved(row, host),
    })
  }

  #change(member: Member, row: InstanceRow, blueprint: Blueprint): void {
    const host = this.#host(row.host)
    const { changes, cut } = changeOf(this.#input, row, blueprint, this.#volumeNames)
    const refusal = this.#refusal(member, row, blueprint, host)
    if (refusal !== undefined) {
      this.#act('refused', row, host, { interrupts: false, reason: refusal, changes })
      return
    }
    for (const { volume } of blueprint.volumes) this.#volumeHosts.set(volume, row.host)
    this.#hosts = this.#hosts.map((one) => (one.id === row.host ? withNeeds(one, this.#needs(member)) : one))
    const labels = labelChanges(row, member)
    if (changes.length === 0) {
      if (labels.length > 0 || !isDeepStrictEqual(row.placement, member.placement))
        this.#draft.steps.push({ do: 'save-member', member, row })
      if (labels.length === 0) this.#draft.unchanged++
      else this.#act('change-live', row, host, { interrupts: false, reason: whatLabelsDo, changes: labels })
      return
    }
    this.#draft.steps.push({ do: 'change-instance', member, row, blueprint })
    this.#take(row.host, blueprint.memoryMiB - row.document.memoryMiB)
    const stops = row.document.wanted === 'running' && blueprint.wanted === 'stopped'
    const interrupts = stops || losesGroup(changes) || cut !== undefined
    const live = interrupts || changes.every(({ when }) => when === 'live')
    this.#act(live ? 'change-live' : 'change-at-next-start', row, host, {
      interrupts,
      reason: howChanged(changes, { stops, cut }, host),
      changes: [...changes, ...labels],
    })
  }

  /** Why an instance cannot become what is asked of it. */
  #refusal(member: Member, row: InstanceRow, blueprint: Blueprint, host: HostRoom | undefined): string | undefined {
    const { root, memoryMiB } = row.document
    if (blueprint.diskBytes < root.sizeBytes)
      return `its disk has ${sizeText(root.sizeBytes)} and cannot become smaller (${sizeText(blueprint.diskBytes)})`
    if (!host) return undefined
    if (!isDeepStrictEqual(row.placement, member.placement) || blueprint.volumes.length > 0) {
      const request = { ...member, member: member.spec.name, ties: this.#ties(member, blueprint) }
      const bad = placementRefusal(request, host, this.#hosts, this.#company())
      if (bad !== undefined) return `it is on ${host.name}, but ${bad}; moving it is not possible, remove it first`
    }
    const networks = networkRefusal(this.#needs(member), host)
    if (networks !== undefined) return `it is on ${host.name}, but ${networks}; moving it is not possible`
    const more = blueprint.memoryMiB - memoryMiB
    if (more > Math.max(0, host.freeMemoryMiB))
      return `${host.name} is ${roundSizeText((more - host.freeMemoryMiB) * 2 ** 20)} of memory short`
    return undefined
  }

  #make({ member, blueprint, replaces, why }: Unplaced): void {
    const image = this.#input.imageOf(member.spec.image)
    const request: PlacementRequest = {
      name: member.name,
      member: member.spec.name,
      driver: blueprint.driver,
      type: blueprint.type,
      memoryMiB: blueprint.memoryMiB,
      diskBytes: blueprint.diskBytes + this.#newVolumeBytes(blueprint),
      architecture: image?.config.architecture,
      placement: member.placement,
      ties: this.#ties(member, blueprint),
      needs: this.#needs(member),
      previous: replaces?.host,
    }
    const { hostId, ...placement } = place(request, this.#hosts, this.#company())
    this.#draft.placements.push(placement)
    const minimum = image?.config.minimumDiskBytes ?? 0
    if (blueprint.diskBytes < minimum) {
      const reason = `its disk of ${sizeText(blueprint.diskBytes)} is smaller than ${sourceText(blueprint.source)}, which needs ${sizeText(minimum)}`
      this.#act('refused', member, undefined, { interrupts: false, reason })
      return
    }
    if (hostId === null) {
      const reasons = placement.hosts.map(({ host, reason }) => `${host}: ${reason}`)
      const reason = reasons.length === 0 ? 'there is no host' : `no host fits (${reasons.join('; ')})`
      this.#act('refused', member, undefined, { interrupts: false, reason })
      return
    }
    if (image?.config.firmware === 'uefi' && blueprint.boot.from === 'disk' && blueprint.boot.firmware === 'bios')
      this.#draft.warnings.push(
        `${member.name}: ${sourceText(blueprint.source)} starts by UEFI, but boot.firmware says bios`,
      )
    this.#hosts = this.#hosts.map((host) => (host.id === hostId ? withGuest(host, request) : host))
    for (const { volume } of blueprint.volumes) this.#volumeHosts.set(volume, hostId)
    this.#draft.steps.push({
      do: 'create-instance',
      member,
      blueprint,
      host: hostId,
      ...(replaces ? { replaces } : {}),
    })
    this.#act(replaces ? 'replace' : 'create', member, this.#host(hostId), {
      interrupts: replaces !== undefined,
      reason: why,
    })
  }

  #ties(member: Member, blueprint: Blueprint): PlacementRequest['ties'] {
    const snapshot = this.#input.snapshotHost(member)
    return [
      ...(snapshot === undefined ? [] : [{ host: snapshot, what: 'its snapshot' }]),
      ...blueprint.volumes.flatMap(({ volume }) => {
        const host = this.#volumeHosts.get(volume)
        return host === undefined ? [] : [{ host, what: `its volume ${volume}` }]
      }),
    ]
  }

  #needs(member: Member): NetworkNeeds {
    return needsOf(this.#input.stack, member, this.#floatingRanges)
  }

  #newVolumeBytes({ volumes }: Blueprint): number {
    const asked = volumes.filter(({ volume }) => !this.#volumeHosts.has(volume)).map(({ volume }) => volume)
    const { name, volumes: all = [] } = this.#input.stack
    return all
      .filter((volume) => asked.includes(`${name}.${volume.name}`))
      .reduce((sum, { size }) => sum + sizeBytes(size), 0)
  }

  #company(): Company[] {
    return membersOf(this.#input.stack).map(({ name, spec, placement }) => ({ name, member: spec.name, placement }))
  }

  /** The memory and the place of one that is replaced. */
  #free(row: InstanceRow): void {
    this.#take(row.host, -row.document.memoryMiB)
    this.#hosts = this.#hosts.map((host) => ({ ...host, guests: host.guests.filter(({ name }) => name !== row.name) }))
  }

  #take(hostId: string, memoryMiB: number): void {
    this.#hosts = this.#hosts.map((host) =>
      host.id === hostId ? { ...host, freeMemoryMiB: host.freeMemoryMiB - memoryMiB } : host,
    )
  }

  #act(
    kind: PlanAction['kind'],
    { name }: { name: string },
    host: HostRoom | undefined,
    { changes = [], ...rest }: Pick<PlanAction, 'interrupts' | 'reason'> & { changes?: PlanAction['changes'] },
  ): void {
    this.#draft.actions.push({ kind, thing: 'instance', name, host: host?.name ?? null, ...rest, changes })
  }
}
