import type { FloatingRange } from '../contract/floating-range.ts'
import type { PlanAction, PlanPlacement } from '../contract/plan.ts'
import type { Stack } from '../contract/stack.ts'
import type { StackFloatingIp, StackForward, StackGroup, StackNetwork } from '../contract/stack-network.ts'
import type { Blueprint } from './blueprint.ts'
import type { ImageOf } from './images.ts'
import type { Member, SnapshotOf } from './members.ts'
import type { FloatingIpRow, ForwardRow, GroupRow, NetworkRows } from './network-rows.ts'
import type { HostRoom } from './place.ts'
import type { InstanceRow, NetworkRow, VolumeRow } from './rows.ts'

/** Everything that a plan is made of; nothing is looked up while it is made. */
export interface PlanInput {
  stack: Stack
  imageOf: ImageOf
  snapshotOf: SnapshotOf
  /** Where the instance is whose snapshot a member begins as: a host's id. */
  snapshotHost: (member: Member) => string | undefined
  hosts: readonly HostRoom[]
  /** Of this stack. */
  instances: readonly InstanceRow[]
  volumes: readonly VolumeRow[]
  networks: readonly NetworkRow[]
  /** Of the whole cloud. */
  rows: NetworkRows
}

/** One thing that an apply writes. */
export type Step =
  | { do: 'create-instance'; member: Member; blueprint: Blueprint; host: string; replaces?: InstanceRow }
  | { do: 'change-instance'; member: Member; row: InstanceRow; blueprint: Blueprint }
  /** Where it may be, or what is said of it, is another now, which is nothing to its host. */
  | { do: 'save-member'; member: Member; row: InstanceRow }
  | { do: 'remove-instance'; row: InstanceRow }
  | { do: 'create-volume'; name: string; sizeBytes: number; host: string | null }
  | { do: 'change-volume'; row: VolumeRow; sizeBytes: number; host: string | null }
  | { do: 'remove-volume'; row: VolumeRow }
  | { do: 'save-network'; row?: NetworkRow; spec: StackNetwork }
  | { do: 'remove-network'; row: NetworkRow }
  | { do: 'save-group'; row?: GroupRow; spec: StackGroup }
  | { do: 'remove-group'; row: GroupRow }
  /** Without an address it gets one that is free. */
  | { do: 'save-floating-ip'; row?: FloatingIpRow; spec: StackFloatingIp; range: FloatingRange; address?: string }
  | { do: 'remove-floating-ip'; row: FloatingIpRow }
  | { do: 'save-forward'; row?: ForwardRow; key: string; spec: StackForward }
  | { do: 'remove-forward'; row: ForwardRow }

/** A plan as people see it, and what carries it out. */
export interface Draft {
  actions: PlanAction[]
  steps: Step[]
  placements: PlanPlacement[]
  warnings: string[]
  unchanged: number
}
