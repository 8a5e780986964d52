import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { commands } from '../../src/cli/commands.ts'
import { deployed, type Rule, shippedRules } from '../support/shipped-prometheus.ts'

/* What promtool does not look at; promtool itself runs in test/real. */

const rulesOf = async (file: string) => (await shippedRules(file)).groups.flatMap(({ rules }) => rules)
const alerts = await rulesOf('alerts.yml')
const recorded = await rulesOf('recording.yml')
const runbooks = await readFile(join(deployed, 'RUNBOOKS.md'), 'utf8')

const nameOf = ({ alert = '' }: Rule) => alert
const names = alerts.map(nameOf)

test('every alert has a section in the runbooks, in the same order, and every section an alert', () => {
  const sections = [...runbooks.matchAll(/^## (.+)$/gm)].map(([, title]) => title)
  expect(sections.toSorted()).toEqual(names.toSorted())
  const links = [...runbooks.matchAll(/\[(\w+)\]\(#(\w+)\)/g)]
  for (const [, title = '', anchor] of links)
    expect([names.includes(title), anchor]).toEqual([true, title.toLowerCase()])
  expect(new Set(links.map(([, title]) => title))).toEqual(new Set(names))
})

test.each(names)('%s: its section says what it means, how to see it and what comes next', (name) => {
  const section = runbooks.split(/^## /m).find((text) => text.startsWith(`${name}\n`))
  expect(section).toMatch(/\n\*\*Means\*\* [\s\S]+\n\*\*See\*\* [\s\S]+\n\*\*Next\*\*/)
})

/** What concerns no host and no server in particular. */
const ofNone = ['SlipwayDiscoveryFailing', 'SlipwayNoLeader']

test.each(alerts.map((rule) => [nameOf(rule), rule] as const))(
  '%s names the host or the server, has a next step, a severity and its runbook',
  (name, { labels, annotations = {} }) => {
    expect(labels?.severity).toMatch(/^(critical|warning|info)$/)
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url'])
    if (!ofNone.includes(name)) expect(annotations.summary).toMatch(/\{\{ \$labels\.(host|instance) \}\}/)
    expect(annotations.description).toMatch(/slipway |service |zpool |pfctl |Renew|log|Enlarge|Status/)
    expect(annotations.runbook_url).toBe(`https://slipway.example.org/RUNBOOKS.md#${name.toLowerCase()}`)
  },
)

test('every alert has a unit test in which it fires, and one in which it does not', async () => {
  const texts = await Promise.all(
    (await readdir(join(deployed, 'tests'))).map((file) => readFile(join(deployed, 'tests', file), 'utf8')),
  )
  type Case = { name: string; promql_expr_test?: { expr: string; exp_samples: unknown[] }[] }
  const cases = texts.flatMap((text) => (parse(text) as { tests: Case[] }).tests)
  for (const name of names) {
    const own = cases.filter((it) => it.name.startsWith(name))
    const text = JSON.stringify(own)
    expect([name, text.includes(`"alertname":"${name}"`) || text.includes(`alertname=\\"${name}\\"`)]).toEqual([
      name,
      true,
    ])
    const quiet = own.flatMap((it) => it.promql_expr_test ?? []).filter(({ exp_samples }) => exp_samples.length === 0)
    expect([name, quiet.length > 0]).toEqual([name, true])
  }
})

test('recorded series are named level:metric:operations', () => {
  for (const { record } of recorded) expect(record).toMatch(/^[a-z_]+:[a-z_]+:[a-z0-9_]+$/)
})

/** The words behind the name of the command in a text: "host show". */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w/.-])slipway ([a-z-]+(?: [a-z-]+)?)/g)].map(([, words = '']) => words)
}

test('every command that the runbooks and the alerts name is one', () => {
  const texts = [runbooks, ...alerts.flatMap(({ annotations = {} }) => Object.values(annotations))]
  const named = new Set(texts.flatMap(commandsIn))
  const unknown = [...named].filter((words) => !(words in commands) && !((words.split(' ')[0] ?? '') in commands))
  expect(unknown).toEqual([])
  expect(named.size).toBeGreaterThan(20)
})
