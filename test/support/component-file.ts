import type { ComponentFile } from '../../src/contract/component.ts'

/** The smallest component.json, and what a test changes in it. */
export function componentFile(change: Partial<ComponentFile> = {}): ComponentFile {
  return {
    name: 'compute',
    platform: { os: 'freebsd', architecture: '*', 'os.version': '*' },
    requires: {},
    services: [],
    links: [],
    health: [],
    configuration: [],
    ...change,
  }
}
