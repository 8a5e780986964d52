import type { Artifact } from '../../src/contract/artifact.ts'
import { bytesText } from '../shared/bytes.ts'
import { Empty } from '../shared/empty.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Page } from '../shared/page.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { useResource } from '../shared/server.tsx'
import table from '../shared/table.module.css'

export function ArtifactsPage() {
  const artifacts = useResource<Artifact[]>('/artifacts')
  return (
    <Page title="Artifacts">
      <Loaded resource={artifacts}>
        {(rows) => (rows.length === 0 ? <NoArtifacts /> : <Repositories artifacts={rows} />)}
      </Loaded>
    </Page>
  )
}

function Repositories({ artifacts }: { artifacts: Artifact[] }) {
  return (
    <Panel title="Repositories" aside={artifacts.length} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Repository</th>
            <th scope="col">Releases</th>
            <th scope="col">Size</th>
          </tr>
        </thead>
        <tbody>
          {artifacts.map(({ repository, tags, sizeBytes }) => (
            <tr key={repository}>
              <th scope="row">
                <Link href={addressOf.artifact(repository)}>{repository}</Link>
              </th>
              <td data-label="Releases" className={table.number}>
                {tags}
              </td>
              <td data-label="Size" className={table.number}>
                {bytesText(sizeBytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function NoArtifacts() {
  return (
    <Empty title="Nothing was published yet" command="slipway publish DIR --version 1.0.0">
      The registry keeps every build by its digest. Publish a folder with a component.json, or push with any OCI client.
    </Empty>
  )
}
