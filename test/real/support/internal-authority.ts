import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { replaced } from '../../support/replaced.ts'
import { commandsWith } from '../../support/shipped-replicas.ts'
import { sh } from './shell.ts'

/**
 * Makes the authority of README.md in a folder, and what it issues: internal-ca.pem, db.pem, db.key, minio.pem, minio.key. They are for localhost, and for no
 * other name. This process believes the authority from then on.
 */
export async function makeInternalAuthority(folder: string): Promise<void> {
  const commands = await commandsWith('-keyout internal-ca.key')
  await sh(replaced(commands, { 'DNS:$name.internal': 'DNS:localhost' }), { cwd: folder })
  setDefaultCACertificates([...getCACertificates('default'), await readFile(join(folder, 'internal-ca.pem'), 'utf8')])
}
