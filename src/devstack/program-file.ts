import { join } from 'node:path'

/** The file of a program that the devstack starts by itself. In the built command it stands beside it, as JavaScript. */
export function programFile(name: 'power-cut' | 'shim' | 'simulator-main'): string {
  const built = import.meta.filename.endsWith('.js')
  return join(import.meta.dirname, name === 'shim' || built ? `${name}.js` : `${name}.ts`)
}
