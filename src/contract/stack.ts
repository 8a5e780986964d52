import { type Static, Type } from 'typebox'
import { ImageName } from './image.ts'
import {
  diskBackends,
  guestTypes,
  hypervisors,
  InstanceLabels,
  restartPolicies,
  Seed,
  SnapshotName,
} from './instance.ts'
import { ChannelName, HostName, Labels, Version } from './names.ts'
import { groupNames, StackFloatingIp, StackForward, StackGroup, StackNetwork, StackPort } from './stack-network.ts'
import { closed, described, name } from './stack-words.ts'

/*
 * A stack as people write it, in YAML. Each key has a description, since editors show them: the schema is published at
 * /api/v1/schemas/stack.json. Forms are kept flat (one object with optional keys rather than a choice of objects), so that an error can name the
 * one key that is wrong; what belongs together is checked by cloud/stack-rules.ts.
 */

/** "512MiB", "20GiB", "1.5TiB" */
export const Size = Type.String({ pattern: '^[0-9]{1,9}(\\.[0-9]{1,3})?(MiB|GiB|TiB)$' })

const size = (description: string) => described(Size, description, { examples: ['512MiB', '20GiB'] })
const vcpus = Type.Integer({ minimum: 1, maximum: 128, description: 'How many virtual processors the instance has.' })

const Flavor = Type.Object(
  { name: name('What instances call the flavor.'), vcpus, memory: size('Memory.'), disk: size('The first disk.') },
  closed,
)

const StackImage = Type.Object(
  {
    name: Type.Optional(described(ImageName, 'An image of the registry: the part behind images/.')),
    version: Type.Optional(described(Version, 'Exactly this version of the image.')),
    channel: Type.Optional(
      described(ChannelName, 'The version that this channel points to when the stack is applied.'),
    ),
    snapshotOf: Type.Optional(
      Type.Object(
        {
          instance: Type.String({
            pattern: '^[a-z0-9.-]{1,84}$',
            description: 'An instance, of this stack or as STACK.INSTANCE.',
          }),
          snapshot: described(SnapshotName, 'One of its snapshots.'),
        },
        { ...closed, description: 'The disk begins as a copy-on-write clone of a snapshot, on the same host.' },
      ),
    ),
    empty: Type.Optional(Type.Boolean({ description: 'true: the disk begins empty.' })),
  },
  {
    ...closed,
    description: 'What the first disk begins as: an image by version or by channel, a snapshot, or nothing.',
  },
)

const StackCheck = Type.Object(
  {
    kind: Type.Enum(['tcp', 'http', 'console'], {
      description:
        'tcp: the port takes connections. http: the answer is below 400. console: the text was seen on the console.',
    }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'For tcp and http.' })),
    path: Type.Optional(Type.String({ pattern: '^/[!-~]*$', maxLength: 500, description: 'For http.' })),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'For console.' })),
    intervalSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3600, description: 'How often it is asked (10).' }),
    ),
    timeoutSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, description: 'How long an answer may take (5).' }),
    ),
  },
  { ...closed, description: 'How the host sees that the instance does its work.' },
)

const memberNames = (description: string) =>
  Type.Array(name('An instance of this stack; one with a count means all of them.'), { maxItems: 32, description })

export const StackPlacement = Type.Object(
  {
    labels: Type.Optional(described(Labels, 'Only on hosts that have all of these labels.')),
    affinity: Type.Optional(memberNames('On the host where these are.')),
    antiAffinity: Type.Optional(
      memberNames('On no host where one of these is. Its own name keeps the members of a count apart.'),
    ),
    host: Type.Optional(described(HostName, 'On this host and no other.')),
  },
  { ...closed, description: 'Where the instance may run.' },
)
export type StackPlacement = Static<typeof StackPlacement>

export const StackInstance = Type.Object(
  {
    name: name('What the instance is called in its stack. In the whole cloud it is STACK.NAME.'),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, description: 'So many alike, called NAME-0, NAME-1 and so on.' }),
    ),
    flavor: Type.Optional(name('A flavor of this stack; vcpus, memory and disk here go before its own.')),
    vcpus: Type.Optional(vcpus),
    memory: Type.Optional(size('Memory.')),
    disk: Type.Optional(size('The first disk. It can be made larger later, never smaller.')),
    image: StackImage,
    driver: Type.Optional(Type.Enum([...hypervisors], { description: 'The hypervisor (xen).' })),
    type: Type.Optional(
      Type.Enum([...guestTypes], {
        description: 'How the guest is virtualised (hvm). pvh and pv need a guest that can.',
      }),
    ),
    boot: Type.Optional(
      Type.Object(
        {
          firmware: Type.Optional(
            Type.Enum(['bios', 'uefi'], { description: 'Start from the disk with this firmware (bios).' }),
          ),
          kernel: Type.Optional(name("Start this kernel, one of those that the host's compute.yaml names.")),
        },
        { ...closed, description: 'What the guest starts from: its disk with a firmware, or a kernel of the host.' },
      ),
    ),
    networks: Type.Optional(Type.Array(StackPort, { maxItems: 8, description: 'A port for each, in this order.' })),
    securityGroups: Type.Optional(
      groupNames(
        'What may be said to and by the instance (default). An empty list: nothing but what it needs to live.',
      ),
    ),
    volumes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            volume: name('A volume of this stack.'),
            readOnly: Type.Optional(Type.Boolean({ description: 'The guest may not write to it (false).' })),
          },
          closed,
        ),
        { maxItems: 14, description: 'Volumes, seen as xvdb, xvdc and so on.' },
      ),
    ),
    userData: Type.Optional(Type.String({ maxLength: 256 * 1024, description: 'User data for cloud-init.' })),
    sshKeys: Type.Optional(
      Type.Array(Seed.properties.sshKeys.items, { maxItems: 64, description: 'Public keys that may log in.' }),
    ),
    labels: Type.Optional(
      described(
        InstanceLabels,
        'What is said of the instance to those who look for it. Prometheus scrapes the port that metrics.port names, at metrics.path (/metrics).',
      ),
    ),
    placement: Type.Optional(StackPlacement),
    restart: Type.Optional(
      Type.Enum([...restartPolicies], { description: 'What happens when the guest ends by itself (always).' }),
    ),
    check: Type.Optional(StackCheck),
    diskBackend: Type.Optional(
      Type.Enum([...diskBackends], { description: 'Who serves the disks: phy, the kernel, wherever it can (auto).' }),
    ),
    vnc: Type.Optional(Type.Boolean({ description: 'A screen over VNC on the loopback of the host (false).' })),
    shutdown: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        description: 'How many seconds an orderly shutdown may take before the guest is cut off (60).',
      }),
    ),
    running: Type.Optional(
      Type.Boolean({
        description: 'Whether it runs. Unless it is said, a new instance is started and others stay as they are.',
      }),
    ),
  },
  closed,
)
export type StackInstance = Static<typeof StackInstance>

/** A declared piece of cloud: what `slipway apply -f FILE` takes. */
export const Stack = Type.Object(
  {
    name: name('What the stack is called.'),
    networks: Type.Optional(Type.Array(StackNetwork, { maxItems: 64, description: 'Networks of this stack.' })),
    securityGroups: Type.Optional(
      Type.Array(StackGroup, { maxItems: 64, description: 'Who may talk to the instances, and to whom they may.' }),
    ),
    floatingIps: Type.Optional(
      Type.Array(StackFloatingIp, { maxItems: 256, description: 'Outside addresses for instances.' }),
    ),
    portForwards: Type.Optional(
      Type.Array(StackForward, { maxItems: 256, description: 'Ports of outside addresses that lead to instances.' }),
    ),
    flavors: Type.Optional(Type.Array(Flavor, { maxItems: 64, description: 'Sizes of instances, by name.' })),
    instances: Type.Optional(Type.Array(StackInstance, { maxItems: 500, description: 'Instances of this stack.' })),
    volumes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: name('What instances call the volume.'),
            size: size('Its size. It can be made larger later, never smaller.'),
          },
          closed,
        ),
        {
          maxItems: 256,
          description:
            'Disks with a life of their own. A volume is made where the first instance that has it is placed.',
        },
      ),
    ),
  },
  { ...closed, title: 'A Slipway stack' },
)
export type Stack = Static<typeof Stack>

/** The longest text of a stack that is taken. */
export const maxStackTextLength = 4 * 1024 * 1024
