/** `npm run build:dashboards`: writes dashboards/json/, which Grafana reads, from dashboards/*.ts. The same tree gives the same bytes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dashboards, dashboardText } from './dashboards.ts'

for (const [name, dashboard] of Object.entries(dashboards)) {
  await writeFile(join(import.meta.dirname, `dashboards/json/${name}.json`), dashboardText(dashboard))
  process.stdout.write(`deploy/grafana/dashboards/json/${name}.json\n`)
}
