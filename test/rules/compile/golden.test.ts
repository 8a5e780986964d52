import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import { printRuleset } from '../../../src/rules/pf/print.ts'
import { situations } from './situations.ts'

const folder = join(import.meta.dirname, '../../fixtures/rules')

describe('what a host is told becomes these rules', () => {
  for (const { name, why, desired, facts } of situations)
    test(`${name}: ${why}`, async () => {
      const anchors = compileRules(desired, facts).anchors.map(
        (anchor) => `\n# pfctl -a org.openstack/${anchor.name} -f -\n${printRuleset(anchor)}`,
      )
      await expect(`# ${why}\n${anchors.join('')}`).toMatchFileSnapshot(join(folder, `${name}.conf`))
    })
})
