import {
  type CreateJoinToken as Create,
  CreatedJoinToken,
  CreateJoinToken,
  Enrol,
  Enrolled,
  joinTokenText,
} from '../../contract/enrolment.ts'
import { AppError } from '../../contract/errors.ts'
import type { HostPlatform } from '../../contract/platform.ts'
import { transact } from '../../database/transact.ts'
import { findChannel } from '../../fleet/channels.ts'
import { releaseSet } from '../../fleet/desired.ts'
import { enrolHost, findJoinToken, issueJoinToken, type JoinTokenAgent } from '../../fleet/join-tokens.ts'
import { readRelease } from '../../registry/releases.ts'
import { audit } from '../audit.ts'
import { credentialOf } from '../principal.ts'
import type { Api } from './api.ts'
import { joinCommand } from './join-command.ts'

/** The agent is JavaScript and the same everywhere; a release that is not is taken for this platform. */
const agentPlatform: HostPlatform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' }

/** How a host comes to the fleet: the token that lets it in, the agent it starts with, and its enrolment. */
export function enrolRoutes({ app, db, releases, blobs, events, publicUrl, fingerprint }: Api): void {
  app.post(
    '/join-tokens',
    { config: { access: 'admin' }, schema: { body: CreateJoinToken, response: { 201: CreatedJoinToken } } },
    async (request, reply) => {
      const agent = await currentAgent(request.body.channel)
      const { secret, expiresAt } = await transact(db, async (trx) => {
        // The channel may have moved since, and retention taken what it pointed to.
        await releases.check(trx, agent.release.name, agent.release.version)
        const issued = await issueJoinToken(trx, request.body, agent, new Date())
        await audit(trx, request, {
          action: 'join-token.create',
          subject: request.body.channel,
          detail: describe(request.body),
        })
        return issued
      })
      const token = { secret, agentDigest: agent.bundle, url: publicUrl(), fingerprint: fingerprint() }
      return reply.code(201).send({
        token: joinTokenText(token),
        command: joinCommand(token),
        expiresAt: expiresAt.toISOString(),
      })
    },
  )

  const byJoinToken = { config: { access: 'join-token' as const } }
  const joinToken = (request: Parameters<typeof credentialOf>[0]) =>
    findJoinToken(db, credentialOf(request), new Date())

  /** What install.sh needs to lay out the agent, in lines that a shell can read. */
  app.get('/enrol/agent', byJoinToken, async (request, reply) => {
    const { release, bundle } = (await joinToken(request)).agent
    const set = releaseSet([release])
    return reply
      .type('text/plain; charset=utf-8')
      .send(`version ${release.version}\nmanifest ${release.digest}\nset ${set.digest}\nbundle ${bundle}\n`)
  })

  app.get('/enrol/agent/set.json', byJoinToken, async (request) =>
    releaseSet([(await joinToken(request)).agent.release]),
  )

  app.get('/enrol/agent/release.json', byJoinToken, async (request) => {
    const { release } = (await joinToken(request)).agent
    return (await readRelease(db, blobs, release)).config
  })

  app.get('/enrol/agent-bundle', byJoinToken, async (request, reply) => {
    const { bundle } = (await joinToken(request)).agent
    const stat = await blobs.stat(bundle)
    if (!stat)
      throw new AppError(
        'BLOB_UNKNOWN',
        `the agent's bundle ${bundle} is not in the registry any more; make a new join token`,
      )
    return reply
      .type('application/octet-stream')
      .header('content-length', stat.sizeBytes)
      .send(await blobs.read(bundle))
  })

  app.post('/enrol', { ...byJoinToken, schema: { body: Enrol, response: { 200: Enrolled } } }, async (request) => {
    const token = await joinToken(request)
    const enrolled = await transact(db, async (trx) => {
      const host = await enrolHost(trx, releases, token, request.body, new Date())
      await audit(trx, request, {
        action: 'host.enrol',
        subject: host.name,
        detail: `channel ${host.channel}`,
        actor: `join token ${token.id}`,
      })
      return host
    })
    events.publish({ kind: 'host', name: enrolled.name })
    return enrolled
  })

  /** The agent release that a channel points to, and its bundle. */
  async function currentAgent(channel: string): Promise<JoinTokenAgent> {
    const { pointers } = await findChannel(db, channel)
    const pointer = pointers.find(({ component }) => component === 'agent')
    if (!pointer)
      throw new AppError(
        'release-unknown',
        `the channel ${channel} has no agent that a host could start with; publish one and \`slipway promote agent@VERSION ${channel}\``,
      )
    const release = await releases.resolve(db, 'agent', pointer.version, agentPlatform)
    return { release, bundle: (await readRelease(db, blobs, release)).bundle }
  }
}

function describe({ uses = 1, labels = {} }: Create): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return [`${uses} ${uses === 1 ? 'use' : 'uses'}`, ...pairs].join(' ')
}
