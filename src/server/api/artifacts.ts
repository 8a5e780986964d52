import { Type } from 'typebox'
import { Artifact, ArtifactDetail } from '../../contract/artifact.ts'
import { RepositoryName } from '../../contract/names.ts'
import { parse } from '../../contract/parse.ts'
import { listArtifacts, showArtifact } from '../../registry/releases.ts'
import { demandUse, mayUse } from '../permission.ts'
import type { Api } from './api.ts'

export function artifactRoutes({ app, db, config: { anonymousPull } }: Api): void {
  app.get(
    '/artifacts',
    { config: { access: 'token' }, schema: { response: { 200: Type.Array(Artifact) } } },
    async ({ principal }) =>
      (await listArtifacts(db)).filter(({ repository }) =>
        mayUse(principal, { action: 'pull', repository }, anonymousPull),
      ),
  )

  // A repository's name has slashes of its own.
  app.get(
    '/artifacts/*',
    {
      config: { access: 'token' },
      schema: { params: Type.Object({ '*': Type.String() }), response: { 200: ArtifactDetail } },
    },
    async (request) => {
      const repository = parse(RepositoryName, request.params['*'], 'repository')
      demandUse(request, { action: 'pull', repository }, anonymousPull)
      return showArtifact(db, repository)
    },
  )
}
