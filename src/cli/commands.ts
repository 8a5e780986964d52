import type { Command } from './command.ts'

/** Every command by its words. Loaded only when it is called: an agent need not read the server's code. */
export const commands: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  devstack: { summary: 'a server and simulated hosts on this machine', load: () => import('./commands/devstack.ts') },
  server: { summary: 'run the server', load: () => import('./commands/server.ts') },
  'server backup': {
    summary: "save the server's database into a file",
    load: () => import('./commands/server-backup.ts'),
  },
  'server restore': {
    summary: 'put a backup into an empty data folder',
    load: () => import('./commands/server-restore.ts'),
  },
  'server migrate-storage': {
    summary: 'copy the bytes of all artifacts to another storage',
    load: () => import('./commands/server-migrate-storage.ts'),
  },
  'server migrate-database': {
    summary: 'copy the database to PostgreSQL, or back',
    load: () => import('./commands/server-migrate-database.ts'),
  },
  agent: { summary: 'run the agent (on a host)', load: () => import('./commands/agent.ts') },
  compute: { summary: 'run the compute daemon (on a host)', load: () => import('./commands/compute.ts') },
  network: { summary: 'run the network daemon (on a host)', load: () => import('./commands/network.ts') },
  login: { summary: 'remember a server and a token', load: () => import('./commands/login.ts') },
  'token create': {
    summary: 'make a token for a person or a pipeline',
    load: () => import('./commands/token-create.ts'),
  },
  'token list': { summary: 'show all tokens, without their secrets', load: () => import('./commands/token-list.ts') },
  'token revoke': { summary: 'end a token', load: () => import('./commands/token-revoke.ts') },
  publish: { summary: 'publish a folder as a release of its component', load: () => import('./commands/publish.ts') },
  promote: { summary: 'point a channel to releases', load: () => import('./commands/promote.ts') },
  'artifact list': { summary: 'show what the registry keeps', load: () => import('./commands/artifact-list.ts') },
  'artifact show': { summary: 'show the releases of a repository', load: () => import('./commands/artifact-show.ts') },
  gc: { summary: 'remove what nothing needs from the registry', load: () => import('./commands/gc.ts') },
  'scrub run': {
    summary: 'read every blob again, and show which are damaged',
    load: () => import('./commands/scrub-run.ts'),
  },
  'scrub status': { summary: 'show which blobs are damaged', load: () => import('./commands/scrub-status.ts') },
  'image inspect': {
    summary: 'show what is in a disk image',
    load: () => import('./commands/image-inspect.ts'),
  },
  'image push': { summary: 'publish a disk image', load: () => import('./commands/image-push.ts') },
  'image promote': {
    summary: 'point a channel to a version of an image',
    load: () => import('./commands/image-promote.ts'),
  },
  plan: { summary: 'show what an apply of a stack would do', load: () => import('./commands/plan.ts') },
  apply: { summary: 'make a stack what its file says', load: () => import('./commands/apply.ts') },
  'stack list': { summary: 'show the stacks', load: () => import('./commands/stack-list.ts') },
  'stack show': { summary: 'show all about one stack', load: () => import('./commands/stack-show.ts') },
  'stack diff': { summary: 'show how a stack differs from a revision', load: () => import('./commands/stack-diff.ts') },
  'stack revert': { summary: 'apply an earlier revision again', load: () => import('./commands/stack-revert.ts') },
  'stack delete': { summary: 'remove a stack', load: () => import('./commands/stack-delete.ts') },
  'instance list': {
    summary: 'show the instances, where they are and how',
    load: () => import('./commands/instance-list.ts'),
  },
  'instance show': { summary: 'show all about one instance', load: () => import('./commands/instance-show.ts') },
  'instance start': { summary: 'start an instance', load: () => import('./commands/instance-start.ts') },
  'instance stop': { summary: 'stop an instance', load: () => import('./commands/instance-stop.ts') },
  'instance reboot': { summary: 'reboot an instance', load: () => import('./commands/instance-reboot.ts') },
  'instance console': {
    summary: "join this terminal to an instance's console",
    load: () => import('./commands/instance-console.ts'),
  },
  'instance vnc': {
    summary: 'say where the screen of an instance is',
    load: () => import('./commands/instance-vnc.ts'),
  },
  'instance snapshot': {
    summary: 'take a snapshot of an instance',
    load: () => import('./commands/instance-snapshot.ts'),
  },
  'instance restore': {
    summary: 'put an instance back to a snapshot',
    load: () => import('./commands/instance-restore.ts'),
  },
  'instance delete-snapshot': {
    summary: 'remove a snapshot of an instance',
    load: () => import('./commands/instance-delete-snapshot.ts'),
  },
  'volume list': { summary: 'show the volumes', load: () => import('./commands/volume-list.ts') },
  'network list': { summary: 'show the networks and where they are', load: () => import('./commands/network-list.ts') },
  'network show': { summary: 'show all about one network', load: () => import('./commands/network-show.ts') },
  'network rules': {
    summary: "show what Slipway puts into a host's PF, and why",
    load: () => import('./commands/network-rules.ts'),
  },
  'network trace': {
    summary: 'say whether something may be said, and who decides',
    load: () => import('./commands/network-trace.ts'),
  },
  'security-group list': {
    summary: 'show the security groups, their rules and members',
    load: () => import('./commands/security-group-list.ts'),
  },
  'floating-ip list': {
    summary: 'show the floating IPs and whose they are',
    load: () => import('./commands/floating-ip-list.ts'),
  },
  'floating-range list': {
    summary: 'show the ranges that floating IPs come from',
    load: () => import('./commands/floating-range-list.ts'),
  },
  'floating-range add': {
    summary: 'let stacks take floating IPs from a range',
    load: () => import('./commands/floating-range-add.ts'),
  },
  'floating-range remove': {
    summary: 'take a floating range away',
    load: () => import('./commands/floating-range-remove.ts'),
  },
  'channel list': { summary: 'show the channels', load: () => import('./commands/channel-list.ts') },
  'channel show': { summary: 'show where a channel points', load: () => import('./commands/channel-show.ts') },
  'host list': {
    summary: 'show the hosts, what they run and how they are',
    load: () => import('./commands/host-list.ts'),
  },
  'host show': { summary: 'show all about one host', load: () => import('./commands/host-show.ts') },
  'host join-token': {
    summary: 'print the line that adds a host',
    load: () => import('./commands/host-join-token.ts'),
  },
  'host fenced': {
    summary: 'say that a silent host is off',
    load: () => import('./commands/host-fenced.ts'),
  },
  'host remove': { summary: 'forget a host', load: () => import('./commands/host-remove.ts') },
  'host release': { summary: 'let a stuck host go on (on the host)', load: () => import('./commands/host-release.ts') },
  'host doctor': {
    summary: 'check what this host needs to run instances (on the host)',
    load: () => import('./commands/host-doctor.ts'),
  },
  'host prepare': {
    summary: 'write what this host needs to run instances (on the host)',
    load: () => import('./commands/host-prepare.ts'),
  },
  'host clear-rejected': {
    summary: 'let a host try again what it rolled back (on the host)',
    load: () => import('./commands/host-clear-rejected.ts'),
  },
  top: { summary: 'show what hosts and instances use, live', load: () => import('./commands/top.ts') },
  audit: { summary: 'show who changed what', load: () => import('./commands/audit.ts') },
}
