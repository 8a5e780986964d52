import type { CloudInstance } from '../../src/contract/cloud-instance.ts'

const names = new Intl.Collator('en', { numeric: true })

/** The instances by name: front-2 before front-10. */
export function byName(instances: readonly CloudInstance[]): CloudInstance[] {
  return instances.toSorted((a, b) => names.compare(a.name, b.name))
}
