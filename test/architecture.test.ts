import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { closure, type Rules, readTree, violations } from './house/architecture.ts'

const top = join(import.meta.dirname, '..')

const ground = ['contract', 'platform', 'database']
const server = [...ground, 'artifact', 'image', 'rules', 'monitor', 'registry', 'trust', 'fleet', 'cloud']

/** What hosts get is one JavaScript file for the Node of FreeBSD's packages: no database of ours, no server, nothing native. */
const hostless = ['src/database', 'src/server', 'kysely', 'pg', 'fastify', '@fastify', 'minio']

const readers =
  /^(access|createReadStream|exists|existsSync|lstat|readdir|readFile|readlink|realpath|stat|statfs|watch|constants|glob)(Sync)?$/

const rules: Rules = {
  // The river: arrows point down this table and nowhere else. trust's client half is what the agent may use of it.
  arrows: {
    contract: [],
    platform: ['contract'],
    artifact: ['contract', 'platform'],
    image: ['contract'],
    rules: ['contract'],
    database: ['contract', 'platform'],
    monitor: ['contract', 'platform'],
    registry: [...ground, 'artifact'],
    trust: ground,
    fleet: ground,
    cloud: [...ground, 'rules', 'image'],
    compute: ['contract', 'platform', 'monitor', 'image'],
    network: ['contract', 'platform', 'monitor', 'rules'],
    agent: ['contract', 'platform', 'monitor', 'artifact', 'trust'],
    server,
    // agent, compute and network run there as built programs; their code is not imported.
    devstack: [...server, 'server'],
    cli: '*',
  },
  packages: {
    contract: ['typebox'],
    image: [],
    rules: ['node:net'],
  },
  entries: ['src/agent/main.ts', 'src/compute/main.ts', 'src/network/main.ts', 'src/cli/main.ts', 'src/cli/slipway.js'],
  doors: [
    {
      name: 'the environment',
      member: 'process.env',
      imports: (specifier, name) => specifier === 'node:process' && (name === 'env' || name === '*'),
      allowed: {
        'src/platform/config.ts': 'the one reader of configuration',
        'src/cli': 'hands the environment to loadConfig',
      },
    },
    {
      name: 'starting processes',
      imports: (specifier) => specifier === 'node:child_process' || specifier === 'node:cluster',
      allowed: {
        'src/platform/exec.ts': 'the one door for processes',
        'src/devstack': 'it is init(8) and service(8) of simulated hosts, and starts the server',
      },
    },
    {
      name: 'changing files',
      imports: (specifier, name) => /^node:fs(\/promises)?$/.test(specifier) && !readers.test(name),
      allowed: {
        'src/platform/files.ts': 'the one writer of files',
        'src/platform/bounded-log.ts': 'appends to logs that are kept up to a size',
        'src/platform/sparse-file.ts': 'writes disks, with their holes',
        'src/platform/terminal.ts': 'opens terminals, which are no files',
        'src/platform/serve.ts': 'the file of its socket: replaced when stale, made private',
        'src/artifact/pack-bundle.ts': 'streams an archive',
        'src/artifact/partial-file.ts': 'appends to downloads that are resumed',
        'src/artifact/unpack-bundle.ts': 'streams an archive into a folder of its own',
        'src/registry/blobs-fs.ts': 'appends to uploads that are resumed',
        'src/server/backup.ts': 'a temporary folder for the copy under way',
        'src/cli/commands/publish.ts': 'a temporary folder for the archive under way',
        'src/devstack': 'the disks of simulated hosts, which promise nothing after a crash',
      },
    },
  ],
  closures: ['agent', 'compute', 'network'].map((name) => ({ entry: `src/${name}/main.ts`, without: hostless })),
}

test('every import follows the table of arrows, and what is dangerous goes through its one door', () => {
  expect(violations(top, rules)).toEqual([])
})

describe('what is shipped to hosts', () => {
  const sources = readTree(top)
  const lock = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8')).packages

  test.each(rules.closures)('$entry needs no native package', ({ entry }) => {
    expect(sources.has(entry), `${entry} is there`).toBe(true)
    const packages = new Set([...closure(sources, entry).keys()].filter((name) => !/^(src\/|node:)/.test(name)))
    expect(packages).toContain('typebox')
    for (const name of packages) {
      const facts = lock[`node_modules/${name}`]
      expect(facts, `${name} is in package-lock.json`).toBeDefined()
      expect(facts.hasInstallScript || facts.os || facts.cpu, `${name} is native`).toBeFalsy()
      for (const dependency of Object.keys(facts.dependencies ?? {})) packages.add(dependency)
    }
  })
})
