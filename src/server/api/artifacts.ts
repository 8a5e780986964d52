import { Type } from 'typebox'
import { Artifact, ArtifactDetail } from '../../contract/artifact.ts'
import { RepositoryName } from '../../contract/names.ts'
import { parse } from '../../contract/parse.ts'
import { listArtifacts, showArtifact } from '../../registry/releases.ts'
import type { Api } from './api.ts'

export function artifactRoutes({ app, db }: Api): void {
  app.get('/artifacts', { config: { access: 'viewer' }, schema: { response: { 200: Type.Array(Artifact) } } }, () =>
    listArtifacts(db),
  )

  // A repository's name has slashes of its own.
  app.get(
    '/artifacts/*',
    {
      config: { access: 'viewer' },
      schema: { params: Type.Object({ '*': Type.String() }), response: { 200: ArtifactDetail } },
    },
    (request) => showArtifact(db, parse(RepositoryName, request.params['*'], 'repository')),
  )
}
